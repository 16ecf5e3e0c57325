"""The answer to begin with keeps what it says it keeps: no fund is spent twice."""

from solvers import samples
from solvers.engines import repair
from solvers.engines.search import Search
from solvers.problem import read
from solvers.rules.form import Form


def test_whoever_is_paid_by_a_fund_directly_finds_there_what_others_have_left_of_it() -> None:
    """Six come one after another: three spill into the common fund, which pays for four heads in all."""
    form = Form.of(
        read(
            {
                "format": "eventhub.allocation-problem/1",
                "resources": [
                    {"id": "common", "capacity": 4},
                    {"id": "county", "capacity": 1, "spill": "common"},
                ],
                "options": [{"id": "o", "capacity": 9}],
                "groups": [
                    {
                        "id": f"g{number}",
                        "lot": number,
                        "choices": [{"option": "o", "rank": 1, "uses": {fund: 1}}],
                    }
                    for number, fund in enumerate(
                        ["county", "county", "common", "county", "common", "common"]
                    )
                ],
            }
        )
    )
    fitter = repair.Fitter(form)
    placed = [fitter.add(choice, 1) for choice in range(6)]
    assert placed == [True, True, True, True, True, False]
    assert not form.broken(fitter.values()).any()


def test_the_first_answer_of_a_retreat_overspends_no_fund() -> None:
    form = Form.of(read(samples.retreat(scale=0.03)))
    values = repair.first_answer(Search(form, 60, work=1_000))
    resources = form.is_of("resource")
    assert resources.any()
    assert not form.broken(values)[resources].any()


def test_who_is_served_earlier_looks_everywhere_before_a_later_tier_takes_what_is_left() -> None:
    """Four of the first tier fill "a"; what the flow leaves of them finds room at "b" before the second tier does."""
    wanted = [{"option": "a", "rank": 1}, {"option": "b", "rank": 2}]
    form = Form.of(
        read(
            {
                "format": "eventhub.allocation-problem/1",
                "options": [{"id": "a", "capacity": 3}, {"id": "b", "capacity": 3}],
                "groups": [
                    {"id": "couple1", "size": 2, "tier": 1, "choices": wanted},
                    {"id": "couple2", "size": 2, "tier": 1, "choices": wanted},
                    {"id": "late1", "tier": 2, "choices": wanted},
                    {"id": "late2", "tier": 2, "choices": wanted},
                    {"id": "late3", "tier": 2, "choices": wanted},
                ],
            }
        )
    )
    values = repair.first_answer(Search(form, 60, work=100))
    assert not form.broken(values).any()
    assert [aim.value(values) for aim in form.aims[:2]] == [4, 2]

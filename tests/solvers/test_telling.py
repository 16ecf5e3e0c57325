"""Of the seconds asked for a part is kept for what is told after the search."""

from solvers import samples
from solvers.problem import read
from solvers.rules.form import Form
from solvers.solve import MOST_TELLING, _telling


def test_what_is_kept_grows_with_the_choices_up_to_a_share_of_the_time() -> None:
    few, many = (Form.of(read(samples.plain(groups=groups))) for groups in (40, 400))
    assert 0 < _telling(few, 0, 60) < _telling(many, 0, 60) < 1
    assert _telling(many, 0, 1e-3) == MOST_TELLING * 1e-3


def test_a_machine_that_was_slow_to_lay_out_the_rows_keeps_more() -> None:
    form = Form.of(read(samples.plain()))
    assert _telling(form, 2.0, 60) > 2.0 > _telling(form, 0, 60)
    assert _telling(form, 1000.0, 60) == MOST_TELLING * 60

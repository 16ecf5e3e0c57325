"""From which state a registration may move to which, and by whom."""

from __future__ import annotations

from itertools import product

import pytest

from eventhub.domain.problems import Conflict
from eventhub.domain.terms import IN_ALLOCATION, Role
from eventhub.domain.terms import RegistrationState as S
from eventhub.domain.transitions import TRANSITIONS, demand, may
from eventhub.i18n import use_locale

MEMBER = frozenset({Role.MEMBER})
OFFICER = frozenset({Role.OFFICER})
ORGANISER = frozenset({Role.ORGANISER})
ENDED = (S.WITHDRAWN, S.CANCELLED)


@pytest.mark.parametrize(("old", "new"), list(product(ENDED, S)))
def test_what_has_ended_stays_ended(old, new):
    assert not may(old, new, frozenset(Role))


@pytest.mark.parametrize("old", sorted(IN_ALLOCATION))
def test_whoever_signed_up_may_withdraw_as_long_as_it_stands(old):
    assert may(old, S.WITHDRAWN, MEMBER)


@pytest.mark.parametrize(
    ("old", "new"), list(product(sorted(IN_ALLOCATION), (S.ALLOTTED, S.WAITLISTED, S.NOT_SELECTED)))
)
def test_places_are_given_and_taken_by_organisers_alone(old, new):
    assert may(old, new, ORGANISER)
    assert not may(old, new, MEMBER | OFFICER | {Role.GUARDIAN})


def test_a_draft_is_sent_changed_returned_and_sent_again():
    assert may(S.DRAFT, S.SUBMITTED, MEMBER)
    assert may(S.SUBMITTED, S.SUBMITTED, MEMBER)
    assert may(S.SUBMITTED, S.RETURNED, OFFICER)
    assert not may(S.SUBMITTED, S.RETURNED, MEMBER)
    assert may(S.RETURNED, S.SUBMITTED, MEMBER)


def test_nothing_is_allotted_that_was_never_sent():
    assert not any(may(S.DRAFT, new, frozenset(Role)) for new in S if new not in {S.SUBMITTED, S.WITHDRAWN})


def test_nothing_becomes_a_draft_again():
    assert not [old for old, new in TRANSITIONS if new is S.DRAFT]


def test_every_state_but_the_draft_can_be_reached():
    assert {new for _old, new in TRANSITIONS} == set(S) - {S.DRAFT}


def test_nobody_without_a_role_may_do_anything():
    assert not any(may(old, new, frozenset()) for old, new in product(S, S))


def test_a_step_that_does_not_exist_is_refused_with_the_states_in_words():
    demand(S.SUBMITTED, S.WITHDRAWN, MEMBER)
    with pytest.raises(Conflict) as refused:
        demand(S.WITHDRAWN, S.SUBMITTED, MEMBER)
    with use_locale("zh"):
        assert str(refused.value) == "该报名目前为“已撤回”，不能变更为“已报名”。请刷新页面查看最新状态。"

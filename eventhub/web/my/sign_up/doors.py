"""Before the first step: the item is chosen, or sign-up is not open and it is said why."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request, url_for
from flask.typing import ResponseReturnValue

from eventhub.domain.facts import ProgrammeFacts
from eventhub.domain.problems import Problem
from eventhub.kinds import Kind
from eventhub.web.forms import registration as forms
from eventhub.web.my.sign_up.moment import Moment
from eventhub.web.pages import page


@dataclass(frozen=True)
class ItemPage:
    """Which item of a programme, before anybody is named."""

    programme: ProgrammeFacts
    kind: Kind
    action: str
    back_url: str


@dataclass(frozen=True)
class ClosedPage:
    """Sign-up is not open: why, and whom to call."""

    programme: ProgrammeFacts
    problem: Problem
    back_url: str


def closed_page(here: Moment, problem: Problem) -> ResponseReturnValue:
    """Say why nobody can sign up now."""
    value = ClosedPage(here.programme, problem, url_for("public.programmes.show", code=here.programme.code))
    return page("my/closed.html", value, status=200 if request.method != "POST" else 422)


def choose_item(here: Moment) -> ResponseReturnValue:
    """Ask which item of the programme it is to be."""
    value = ItemPage(
        here.programme,
        here.kind,
        url_for("my.sign_up.begin", programme=here.programme.code),
        url_for("public.programmes.show", code=here.programme.code),
    )
    return page("my/item.html", value, form=forms.item_form(here.kind, here.programme, ""))

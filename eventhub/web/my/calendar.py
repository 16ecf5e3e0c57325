"""My calendar: the places I have, a file for each, and the address my calendar program may subscribe to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from flask import Blueprint, Response, current_app, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from eventhub.i18n import _
from eventhub.queries import accounts as account_queries
from eventhub.queries import invites as queries
from eventhub.services import accounts as account_services
from eventhub.web.access import SIGNED_IN, permission, require_actor
from eventhub.web.pages import now, page

pages = Blueprint("calendar", __name__)


@dataclass(frozen=True)
class Seat:
    """One place as the calendar shows it."""

    summary: str
    name: str
    """Who goes, in full: this page is the reader's own, unlike what stands in a calendar."""
    starts: datetime | date
    ends: datetime | date
    place: str
    invited: bool
    url: str
    ics_url: str


@dataclass(frozen=True)
class CalendarPage:
    """The places, and the address."""

    seats: tuple[Seat, ...]
    feed_url: str

    @property
    def together(self) -> tuple[tuple[Seat, ...], ...]:
        """The places of one sign-up for the same thing at the same time side by side, so that it is said once."""
        same: dict[object, list[Seat]] = {}
        for seat in self.seats:
            what = (seat.url, seat.summary, seat.starts, seat.ends, seat.place, seat.invited)
            same.setdefault(what, []).append(seat)
        return tuple(map(tuple, same.values()))


@pages.get("/calendar")
@permission(SIGNED_IN)
def index() -> ResponseReturnValue:
    """The places of this account, soonest first."""
    actor = require_actor()
    seats = tuple(
        Seat(
            summary=row.entry.summary,
            name=row.name,
            starts=row.entry.starts,
            ends=row.entry.ends,
            place=row.entry.place,
            invited=row.invited,
            url=url_for("my.registrations.show", code=row.party),
            ics_url=url_for("my.calendar.download", registration=row.registration),
        )
        for row in queries.seats_of(actor)
    )
    token = account_queries.account(actor.account_id).feed_token
    base = current_app.extensions["settings"].base_url
    return page("my/calendar.html", CalendarPage(seats, f"{base}/calendar/{token}.ics"))


@pages.post("/calendar/address")
@permission(SIGNED_IN)
def renew() -> ResponseReturnValue:
    """A new address; the old one leads nowhere from now on."""
    account_services.renew_feed(require_actor().account_id, at=now())
    flash(
        _("The address is new. The old one no longer works: enter the new one where you subscribed."),
        "success",
    )
    return redirect(url_for("my.calendar.index"), 303)


@pages.get("/calendar/<registration>.ics")
@permission(SIGNED_IN)
def download(registration: str) -> ResponseReturnValue:
    """One place as a file."""
    file = queries.download(registration, require_actor())
    return Response(
        file.octets,
        content_type="text/calendar; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{file.filename}"'},
    )

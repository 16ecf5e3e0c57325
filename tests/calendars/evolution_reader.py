"""Feed calendars of evolution-data-server, by the call with which mail programs hand it invitations, and read them back.

Run by the system's Python, to which the bindings belong. A question is a line of JSON on standard input:
``{"calendar": name, "receive": text}`` takes an iTIP message, ``{"calendar": name, "subscribe": url}`` follows that,
``{"calendar": name, "refresh": number}`` fetches a subscription anew and waits for so many events, and none of them only
reads. The answer is a line of JSON: what stands in the calendar, and the refusal if there was one.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import gi

gi.require_version("ECal", "2.0")
gi.require_version("EDataServer", "1.2")
gi.require_version("ICalGLib", "3.0")

from gi.repository import ECal, EDataServer, GLib, ICalGLib  # noqa: E402 - the versions come first

DO_NOT_WAIT = 0xFFFFFFFF
PATIENCE = 10.0


class Calendars:
    """Calendars by name, made when first named."""

    def __init__(self) -> None:
        self._registry = EDataServer.SourceRegistry.new_sync(None)
        self._clients: dict[str, Any] = {}

    def local(self, name: str) -> Any:
        """A calendar kept on this machine."""
        return self._clients.get(name) or self._opened(name, "local", "")

    def subscribed(self, name: str, url: str) -> Any:
        """A calendar that follows an address."""
        return self._opened(name, "webcal", url)

    def _opened(self, name: str, backend: str, url: str) -> Any:
        source = EDataServer.Source.new_with_uid(name, None)
        source.set_display_name(name)
        source.get_extension(EDataServer.SOURCE_EXTENSION_CALENDAR).set_backend_name(backend)
        if url:
            place = GLib.Uri.parse(url, GLib.UriFlags.NONE)
            source.get_extension(EDataServer.SOURCE_EXTENSION_WEBDAV_BACKEND).set_uri(place)
        self._registry.commit_source_sync(source, None)
        self._clients[name] = _connected(self._registry.ref_source(name))
        return self._clients[name]


def _connected(source: Any) -> Any:
    """A client of the calendar; its keeper, a process of its own, hears of a new one a moment later."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return ECal.Client.connect_sync(source, ECal.ClientSourceType.EVENTS, DO_NOT_WAIT, None)
        except GLib.Error:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def receive(client: Any, text: str) -> str:
    """Hand a message over as a mail program does; what was refused, or nothing."""
    component = ICalGLib.Component.new_from_string(text)
    if component is None:
        return "unreadable"
    try:
        client.receive_objects_sync(component, 0, None)
    except GLib.Error as error:
        return str(error.message)
    return ""


def wait_until(reached: Callable[[], object]) -> None:
    """Until this holds, or patience has ended: what then stands is told either way."""
    deadline = time.monotonic() + PATIENCE
    while not reached() and time.monotonic() < deadline:
        time.sleep(0.05)


def standing(client: Any) -> list[dict[str, Any]]:
    """What stands in the calendar, as its clients see it."""
    _, components = client.get_object_list_sync("#t", None)
    return [_event(component) for component in components]


def _event(component: Any) -> dict[str, Any]:
    def value(kind: str) -> str | None:
        found = component.get_first_property(getattr(ICalGLib.PropertyKind, f"{kind}_PROPERTY"))
        return None if found is None else found.get_value_as_string()

    attendee = component.get_first_property(ICalGLib.PropertyKind.ATTENDEE_PROPERTY)
    starts, ends = component.get_dtstart(), component.get_dtend()
    return {
        "uid": component.get_uid(),
        "summary": component.get_summary(),
        "place": component.get_location(),
        "description": component.get_description(),
        "whole_days": starts.is_date(),
        "starts": _moment(starts),
        "ends": _moment(ends),
        "zone": starts.get_tzid(),
        "sequence": component.get_sequence(),
        "status": value("STATUS"),
        "shown_as": value("TRANSP"),
        "geo": value("GEO"),
        "url": value("URL"),
        "organizer": value("ORGANIZER"),
        "attendee": value("ATTENDEE"),
        "attendee_name": attendee and attendee.get_parameter_as_string("CN"),
        "alarms": component.count_components(ICalGLib.ComponentKind.VALARM_COMPONENT),
    }


def _moment(told: Any) -> str:
    """A date as it is, a moment in the zone that the calendar gave it."""
    if told.is_date():
        return f"{told.get_year():04}-{told.get_month():02}-{told.get_day():02}"
    zone = told.get_timezone() or ICalGLib.Timezone.get_builtin_timezone_from_tzid(told.get_tzid())
    seconds = told.as_timet_with_zone(zone or ICalGLib.Timezone.get_utc_timezone())
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def main() -> None:
    """Answer until there are no more questions."""
    calendars = Calendars()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_answer(calendars, json.loads(line))) + "\n")
        sys.stdout.flush()


def _answer(calendars: Calendars, question: dict[str, Any]) -> dict[str, Any]:
    refusal = ""
    if "subscribe" in question:
        client = calendars.subscribed(question["calendar"], question["subscribe"])
        wait_until(lambda: standing(client))
    else:
        client = calendars.local(question["calendar"])
    if "refresh" in question:
        client.refresh_sync(None)
        wait_until(lambda: len(standing(client)) == question["refresh"])
    if "receive" in question:
        refusal = receive(client, question["receive"])
    return {"refusal": refusal, "events": standing(client)}


main()

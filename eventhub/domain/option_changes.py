"""What a change of an option means for those who have a place in it, said before the change is kept."""

from __future__ import annotations

from eventhub.domain.facts import OptionFacts
from eventhub.i18n import N_, Text


def consequences(before: OptionFacts, after: OptionFacts, *, placed: int) -> tuple[Text, ...]:
    """What follows for the ``placed`` people of the published result, a sentence each; none where nothing touches them."""
    if not placed:
        return ()
    found = []
    if _times(before) != _times(after):
        found.append(
            N_(
                "The dates or hours change. Everybody placed here is told by the next version of the result, and their calendar "
                "entries move; until then these show the old time."
            )
        )
    if _places(before) != _places(after):
        found.append(
            N_(
                "The place or meeting point changes. Everybody placed here is told by the next version of the result; until then "
                "their calendars show the old one."
            )
        )
    if after.capacity is not None and placed > after.capacity:
        found.append(
            N_(
                "There are fewer places (%(capacity)s) than people placed. What is published stands, but the next version needs a "
                "new run, and %(over)s of them lose their place here in it.",
                capacity=after.capacity,
                over=placed - after.capacity,
            )
        )
    if before.minimum <= placed < after.minimum:
        found.append(
            N_(
                "It needs more people (%(minimum)s) than are placed. Unless more join them, it does not run by the next run, and "
                "everybody placed here moves or loses their place.",
                minimum=after.minimum,
            )
        )
    return tuple(found)


def _times(option: OptionFacts) -> list[tuple[object, object]]:
    return [(each.starts, each.ends) for each in option.occasions]


def _places(option: OptionFacts) -> set[tuple[object, object]]:
    return {(each.place, each.meeting_point) for each in option.occasions}

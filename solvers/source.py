"""The problem format as it is written: which keys there are, which values they may hold, and its canonical text."""

import codecs
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

FORMAT = "eventhub.allocation-problem/1"
LARGEST = 2**53

Amount = Annotated[int, Meta(ge=0, le=LARGEST)]
Positive = Annotated[int, Meta(ge=1, le=LARGEST)]
Id = Annotated[str, Meta(min_length=1)]
Uses = dict[str, Amount]
Ratio = tuple[Amount, Positive]
Placement = str | dict[str, Positive] | None


class ProblemError(ValueError):
    """The problem cannot be read; the message is one sentence that names the place."""


class Keyed(Struct, forbid_unknown_fields=True, frozen=True, gc=False):
    """An object of the format: unknown keys are refused."""


class ResourceSource(Keyed, frozen=True):
    id: Id
    capacity: Amount
    spill: str | None = None
    step: Positive = 1


class CarrierSource(Keyed, frozen=True):
    seats: Positive
    tag: str | None = None
    cost: Amount = 0
    uses: Uses = {}
    most: Amount | None = None


class OptionSource(Keyed, frozen=True):
    id: Id
    capacity: Amount | None = None
    minimum: Amount = 0
    must_run: bool = False
    cost: Amount = 0
    uses: Uses = {}
    head_cost: Amount = 0
    head_uses: Uses = {}
    carriers: list[CarrierSource] = []


class ChoiceSource(Keyed, frozen=True, kw_only=True):
    """Keys in the order of the canonical text; UNSET was not written, which is not the same as its default."""

    cost: Amount | UnsetType = UNSET
    heads: Amount | UnsetType | None = UNSET
    option: str
    rank: Positive
    uses: Uses | UnsetType = UNSET


class GroupSource(Keyed, frozen=True, kw_only=True):
    """Keys in the order of the canonical text; UNSET was not written, which is not the same as its default."""

    choices: list[ChoiceSource]
    id: Id
    lot: Amount | UnsetType | None = UNSET
    people: list[Id] | UnsetType = UNSET
    piece: Positive | UnsetType | None = UNSET
    required: bool | UnsetType = UNSET
    size: Positive | UnsetType = UNSET
    tags: dict[str, Amount] | UnsetType = UNSET
    tier: Positive | UnsetType = UNSET
    weight: Amount | UnsetType | None = UNSET


class LimitSource(Keyed, frozen=True):
    id: Id
    options: Literal["*"] | list[str] = "*"
    each: bool = False
    tag: str | None = None
    minimum: Amount | None = None
    maximum: Amount | None = None
    share: Ratio | None = None
    soft: bool = False


class StageSource(Keyed, frozen=True):
    stage: Literal["required", "placed", "rank", "spread", "soft", "cost", "running", "changes", "lot"]
    as_: Literal["sum", "fair", "maximal", "worst"] | None = msgspec.field(default=None, name="as")
    by: Literal["tier"] | None = None
    tier: Positive | None = None
    tag: str | None = None
    prefix: str | None = None
    limits: list[str] | None = None
    tolerance: Ratio | None = None


class ProblemSource(Keyed, frozen=True):
    format: Literal["eventhub.allocation-problem/1"]
    options: list[OptionSource]
    groups: list[GroupSource]
    name: str = ""
    resources: list[ResourceSource] = []
    limits: list[LimitSource] = []
    apart: list[tuple[str, str]] = []
    clashes: list[Literal["*"] | list[str]] = []
    pinned: dict[str, Placement] = {}
    banned: dict[str, list[str]] = {}
    previous: dict[str, Placement] = {}
    max_changes: Amount | None = None
    objective: list[StageSource] | None = None


class Doubt(Exception):
    """Something is wrong with the problem; what and where, a second and slower look will say."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A problem taken apart: all but the groups checked and at hand, the groups still as they were written."""

    source: ProblemSource
    """Its ``groups`` are empty."""
    groups: Sequence[Raw] | Sequence[Mapping[str, Any]]
    ids: list[str]
    """The groups' ids, in the order written."""
    head: bytes
    tail: bytes
    """The canonical text before the first group and after the last."""


class _Named(Struct, gc=False):
    id: str


def opened(source: Mapping[str, Any] | bytes) -> Opened:
    """Take a problem apart; Doubt if anything is wrong with it."""
    try:
        if isinstance(source, Mapping):
            rest = dict(source)
            groups = list(rest.pop("groups"))
            ids = [group["id"] for group in groups]
        else:
            parts = msgspec.json.decode(source, type=dict[str, Raw])
            listed = parts.pop("groups")
            groups = msgspec.json.decode(listed, type=list[Raw])
            ids = [named.id for named in msgspec.json.decode(listed, type=list[_Named])]
            rest = {key: msgspec.json.decode(part) for key, part in parts.items()}
        checked = msgspec.convert({**rest, "groups": []}, ProblemSource)
    except (msgspec.MsgspecError, UnicodeError, KeyError, TypeError, RecursionError) as error:
        raise Doubt from error
    ordered = _sorted_lists(rest)
    texts = {key: canonical_text(key) + b":" + canonical_text(ordered[key]) for key in sorted(ordered)}
    before = b"".join(text + b"," for key, text in texts.items() if key < "groups")
    after = b"".join(b"," + text for key, text in texts.items() if key > "groups")
    return Opened(checked, groups, ids, b"{" + before + b'"groups":[', b"]" + after + b"}")


def whole(source: Mapping[str, Any] | bytes) -> tuple[Mapping[str, Any], ProblemSource]:
    """The problem as written, every value in its range; ProblemError names the place of the first that is not."""
    try:
        raw: Any = source if isinstance(source, Mapping) else msgspec.json.decode(source)
        return raw, msgspec.convert(raw, ProblemSource)
    except msgspec.ValidationError as error:
        raise ProblemError(sentence(str(error), whole="problem")) from None
    except (msgspec.DecodeError, UnicodeError) as error:
        raise ProblemError(f"the problem is not JSON: {error}") from None
    except RecursionError:
        raise ProblemError(f"the problem is not JSON: {TOO_DEEP}") from None


TOO_DEEP = "brackets are nested deeper than can be read"
_GROUP = msgspec.json.Decoder(GroupSource)


def groups_of(written: Sequence[Any]) -> list[GroupSource]:
    """Some of the groups, read and in their ranges; Doubt if one is not."""
    try:
        if written and not isinstance(written[0], Raw):
            return msgspec.convert(written, list[GroupSource])
        return [_GROUP.decode(one) for one in written]
    except (msgspec.MsgspecError, UnicodeError, TypeError, RecursionError) as error:
        raise Doubt from error


_IN_FIELD_ORDER = msgspec.json.Encoder(order="deterministic")


def canonical_groups(groups: list[GroupSource]) -> bytes:
    """The canonical text of these groups, commas between them. Their choices and people are sorted in place."""
    for group in groups:
        group.choices.sort(key=_option)
        if group.people is not UNSET:
            group.people.sort()
    text = _IN_FIELD_ORDER.encode(groups)
    if _beyond_the_basic_plane(text):
        text = canonical_text(msgspec.to_builtins(groups))
    return text[1:-1]


_option = attrgetter("option")


def canonical_text(value: Any) -> bytes:
    """RFC 8785 text of a value of objects, lists, strings, whole numbers, booleans and null."""
    # msgspec orders keys by code point; RFC 8785 wants UTF-16 units. They differ beyond the basic plane only.
    text = msgspec.json.encode(value, order="sorted")
    return msgspec.json.encode(_by_utf16(value)) if _beyond_the_basic_plane(text) else text


def _beyond_the_basic_plane(text: bytes) -> bool:
    return any(lead in text for lead in (b"\xf0", b"\xf1", b"\xf2", b"\xf3", b"\xf4"))


def _by_utf16(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _by_utf16(value[k]) for k in sorted(value, key=lambda key: key.encode("utf-16-be"))}
    if isinstance(value, list | tuple):
        return [_by_utf16(item) for item in value]
    return value


def _sorted_lists(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The same keys, but for the groups, with lists that have no order of their own sorted."""
    whole = dict(raw)
    for key in ("resources", "options", "limits"):
        if key in whole:
            whole[key] = sorted(whole[key], key=_id)
    if "limits" in whole:
        whole["limits"] = [
            {**limit, "options": sorted(limit["options"])}
            if isinstance(limit.get("options"), list | tuple)
            else limit
            for limit in whole["limits"]
        ]
    if "apart" in whole:
        whole["apart"] = sorted(sorted(pair) for pair in whole["apart"])
    if "clashes" in whole:
        whole["clashes"] = sorted(
            (sorted(clash) if isinstance(clash, list | tuple) else clash for clash in whole["clashes"]),
            key=canonical_text,
        )
    if "banned" in whole:
        whole["banned"] = {group: sorted(options) for group, options in whole["banned"].items()}
    if whole.get("objective") is not None and "objective" in whole:
        whole["objective"] = [
            {**stage, "limits": sorted(stage["limits"])} if stage.get("limits") else stage
            for stage in whole["objective"]
        ]
    return whole


def _id(item: Mapping[str, Any]) -> str:
    return str(item["id"])


def bytes_of(source: bytes | Path) -> bytes:
    """The text of a problem or a result, without the mark that some editors begin a file with."""
    if isinstance(source, Path):
        try:
            return source.read_bytes().removeprefix(codecs.BOM_UTF8)
        except OSError as error:
            raise ProblemError(f"{source}: {error.strerror or error}") from None
    if not isinstance(source, bytes):
        raise TypeError("a problem is read from a mapping, bytes or a path")
    return source.removeprefix(codecs.BOM_UTF8)


def sentence(complaint: str, *, whole: str) -> str:
    """Turn the reader's ``Expected `int` - at `$.groups[3].size``` into ``groups[3].size: expected `int```."""
    found = re.fullmatch(r"(?s)(.*?)(?: - at `(?:key in )?\$\.?(.*)`)?", complaint)
    if not found or not found[2]:
        return f"{whole}: {_lower(complaint)}"
    return f"{found[2]}: {_lower(found[1])}"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]

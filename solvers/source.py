"""The problem format as it is written: which keys there are, which values they may hold, and its canonical text."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

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


class ChoiceSource(Keyed, frozen=True):
    option: str
    rank: Positive
    cost: Amount = 0
    uses: Uses = {}
    heads: Amount | None = None


class GroupSource(Keyed, frozen=True):
    id: Id
    choices: list[ChoiceSource]
    size: Positive = 1
    tier: Positive = 1
    weight: Amount | None = None
    lot: Amount | None = None
    required: bool = False
    tags: dict[str, Amount] = {}
    people: list[Id] = []
    piece: Positive | None = None


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


def load(source: Mapping[str, Any] | bytes | Path) -> tuple[ProblemSource, str]:
    """The problem as written, every value in its range, and the SHA-256 of its canonical text."""
    try:
        raw: Any = source if isinstance(source, Mapping) else msgspec.json.decode(_bytes(source))
        decoded = msgspec.convert(raw, ProblemSource)
    except msgspec.ValidationError as error:
        raise ProblemError(_sentence(str(error))) from None
    except (msgspec.DecodeError, UnicodeError) as error:
        raise ProblemError(f"the problem is not JSON: {error}") from None
    return decoded, sha256_of(raw)


def sha256_of(raw: Mapping[str, Any]) -> str:
    """SHA-256 of the RFC 8785 text, lists without an order of their own sorted, no defaults added."""
    return hashlib.sha256(canonical_text(_sorted_lists(raw))).hexdigest()


def canonical_text(value: Any) -> bytes:
    """RFC 8785 text of a value of objects, lists, strings, whole numbers, booleans and null."""
    # msgspec orders keys by code point; RFC 8785 wants UTF-16 units. They differ beyond the basic plane only.
    text = msgspec.json.encode(value, order="sorted")
    if b"\xf0" in text or b"\xf1" in text or b"\xf2" in text or b"\xf3" in text or b"\xf4" in text:
        return msgspec.json.encode(_by_utf16(value))
    return text


def _by_utf16(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _by_utf16(value[k]) for k in sorted(value, key=lambda key: key.encode("utf-16-be"))}
    if isinstance(value, list | tuple):
        return [_by_utf16(item) for item in value]
    return value


def _sorted_lists(raw: Mapping[str, Any]) -> dict[str, Any]:
    whole = dict(raw)
    for key in ("resources", "options", "limits"):
        if key in whole:
            whole[key] = sorted(whole[key], key=_id)
    whole["groups"] = [_group_sorted(group) for group in sorted(whole["groups"], key=_id)]
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


def _group_sorted(group: Mapping[str, Any]) -> dict[str, Any]:
    ordered = {**group, "choices": sorted(group["choices"], key=lambda choice: str(choice["option"]))}
    if "people" in group:
        ordered["people"] = sorted(group["people"])
    return ordered


def _id(item: Mapping[str, Any]) -> str:
    return str(item["id"])


def _bytes(source: bytes | Path | Mapping[str, Any]) -> bytes:
    if isinstance(source, Path):
        try:
            return source.read_bytes()
        except OSError as error:
            raise ProblemError(f"{source}: {error.strerror or error}") from None
    if not isinstance(source, bytes):
        raise TypeError("a problem is read from a mapping, bytes or a path")
    return source


def _sentence(complaint: str) -> str:
    """Turn the reader's ``Expected `int` - at `$.groups[3].size``` into ``groups[3].size: expected `int```."""
    found = re.fullmatch(r"(?s)(.*?)(?: - at `(?:key in )?\$\.?(.*)`)?", complaint)
    if not found or not found[2]:
        return f"problem: {_lower(complaint)}"
    return f"{found[2]}: {_lower(found[1])}"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]

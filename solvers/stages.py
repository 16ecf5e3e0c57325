"""The aims of a problem, one after another: how the written stages unfold into plain ones."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from solvers.source import ProblemError, StageSource


@dataclass(frozen=True, slots=True)
class Stage:
    """One plain stage: a single whole number to make as large or as small as can be.

    ``measure`` tells rank stages apart: ``sum`` (weight x rank), ``at`` (weight at ``rank``), ``worst``.
    ``tolerance`` is p/q of the value reached by which later stages may fall back.
    """

    stage: str
    maximise: bool
    measure: str = ""
    tier: int | None = None
    tag: str | None = None
    rank: int | None = None
    prefix: str | None = None
    limits: tuple[str, ...] | None = None
    tolerance: tuple[int, int] = (0, 1)

    def allowed(self, reached: int) -> int:
        """The worst value later stages may leave this one at, once it reached ``reached``."""
        slack = reached * self.tolerance[0] // self.tolerance[1]
        return reached - slack if self.maximise else reached + slack

    @property
    def label(self) -> str:
        """``placed tier 2``, for people who watch."""
        parts = [self.stage, self.measure if self.measure in {"sum", "worst"} else ""]
        parts += [
            f"{k} {v}"
            for k, v in (("tier", self.tier), ("tag", self.tag), ("rank", self.rank))
            if v is not None
        ]
        return " ".join(part for part in parts if part)


DEFAULT = (
    StageSource(stage="placed", by="tier"),
    StageSource(stage="rank", as_="fair", by="tier"),
    StageSource(stage="soft"),
    StageSource(stage="cost"),
    StageSource(stage="changes"),
    StageSource(stage="lot"),
)


def unfold(
    written: Sequence[StageSource] | None,
    *,
    tiers: Iterable[int],
    ranks: Callable[[int | None], Iterable[int]],
) -> tuple[Stage, ...]:
    """The plain stages in order; ``ranks`` tells which ranks a tier (or everybody, for None) listed."""
    stages: list[Stage] = []
    every_tier = sorted(tiers)
    for number, source in enumerate(DEFAULT if written is None else written):
        place = f"objective[{number}]"
        _refuse_misplaced(source, place, last=written is None or number == len(written) - 1)
        for tier in every_tier if source.by else [source.tier]:
            stages.extend(_plain(source, tier, ranks))
    return tuple(stages)


def _plain(
    source: StageSource, tier: int | None, ranks: Callable[[int | None], Iterable[int]]
) -> list[Stage]:
    tolerance = source.tolerance or (0, 1)
    if source.stage != "rank":
        return [
            Stage(
                stage=source.stage,
                maximise=source.stage in {"required", "placed", "spread", "lot"},
                tier=tier,
                tag=source.tag,
                prefix=source.prefix,
                limits=None if source.limits is None else tuple(sorted(source.limits)),
                tolerance=tolerance,
            )
        ]
    if source.as_ in {None, "sum", "worst"}:
        measure = source.as_ or "sum"
        return [
            Stage(
                stage="rank", maximise=False, measure=measure, tier=tier, tag=source.tag, tolerance=tolerance
            )
        ]
    listed = sorted(ranks(tier))
    maximal = source.as_ == "maximal"
    order = listed if maximal else [rank for rank in reversed(listed) if rank > 1]
    return [
        Stage(
            stage="rank",
            maximise=maximal,
            measure="at",
            tier=tier,
            tag=source.tag,
            rank=rank,
            tolerance=tolerance,
        )
        for rank in order
    ]


def _refuse_misplaced(source: StageSource, place: str, *, last: bool) -> None:
    if source.by and source.tier is not None:
        raise ProblemError(f'{place}: "by" and "tier" exclude each other')
    ranked = source.stage in {"placed", "rank"}
    for key, given, fits in (
        ("by", source.by, ranked),
        ("tier", source.tier, ranked),
        ("tag", source.tag, ranked),
        ("as", source.as_, source.stage == "rank"),
        ("prefix", source.prefix, source.stage == "spread"),
        ("limits", source.limits, source.stage == "soft"),
        ("tolerance", source.tolerance, source.stage not in {"required", "lot"}),
    ):
        if given is not None and not fits:
            raise ProblemError(f'{place}.{key}: a stage "{source.stage}" has no "{key}"')
    if source.stage == "spread" and source.prefix is None:
        raise ProblemError(f'{place}.prefix: a stage "spread" needs the prefix of its tags')
    if source.tolerance and source.tolerance[0] > source.tolerance[1]:
        raise ProblemError(f"{place}.tolerance: more than the whole cannot be given up")
    if source.stage == "lot" and not last:
        raise ProblemError(f'{place}: "lot" decides what is left, so it comes last')

"""Seconds against size as a picture of a few dozen lines of SVG, both axes by powers of ten."""

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape

Points = Sequence[tuple[float, float]]
WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 60, 264, 34, 44
COLOURS = (
    "#0b6e4f",
    "#c1440e",
    "#30638e",
    "#8a6a00",
    "#7a4ea3",
    "#4a4a4a",
    "#b0255b",
    "#3a86a8",
    "#6b705c",
    "#a3a000",
)


def drawing(title: str, lines: Mapping[str, Points]) -> str:
    """Lines that begin with *ours* are thick. Values must be above zero."""
    every = [point for points in lines.values() for point in points]
    across = _decades(point[0] for point in every)
    up = _decades(point[1] for point in every)

    def at(point: tuple[float, float]) -> tuple[float, float]:
        x = LEFT + (math.log10(point[0]) - across[0]) / (across[-1] - across[0]) * (WIDTH - LEFT - RIGHT)
        y = HEIGHT - BOTTOM - (math.log10(point[1]) - up[0]) / (up[-1] - up[0]) * (HEIGHT - TOP - BOTTOM)
        return round(x, 1), round(y, 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"',
        f' aria-label="{escape(title)}: seconds against people" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{LEFT}" y="20" font-size="14">{escape(title)}: seconds against people</text>',
    ]
    for power in across:
        x, y = at((10.0**power, 10.0 ** up[0]))
        parts.append(f'<path d="M{x} {TOP}V{y}" stroke="#ddd"/>')
        parts.append(f'<text x="{x}" y="{y + 18}" text-anchor="middle">{10**power:,}</text>')
    for power in up:
        x, y = at((10.0 ** across[0], 10.0**power))
        parts.append(f'<path d="M{x} {y}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        parts.append(f'<text x="{x - 8}" y="{y + 4}" text-anchor="end">{10.0**power:g}</text>')
    for number, (name, points) in enumerate(lines.items()):
        parts.extend(_line(name, [at(point) for point in sorted(points)], number))
    return "\n".join([*parts, "</svg>\n"])


def _line(name: str, points: Points, number: int) -> Iterable[str]:
    colour, width = COLOURS[number % len(COLOURS)], 3 if name.startswith("ours") else 1.5
    path = "L".join(f"{x} {y}" for x, y in points)
    yield f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="{width}"/>'
    dots = "".join(f"M{x} {y}h0" for x, y in points)
    yield f'<path d="{dots}" stroke="{colour}" stroke-width="{width + 4}" stroke-linecap="round"/>'
    x, y = WIDTH - RIGHT + 14, TOP + 10 + 20 * number
    yield f'<path d="M{x} {y}h18" stroke="{colour}" stroke-width="{width}"/>'
    yield f'<text x="{x + 24}" y="{y + 4}">{escape(name)}</text>'


def _decades(values: Iterable[float]) -> list[int]:
    found = [math.log10(value) for value in values]
    low, high = math.floor(min(found)), math.ceil(max(found))
    return list(range(low, max(high, low + 1) + 1))

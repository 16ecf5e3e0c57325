"""Templates hold what they use, and neither scripts nor styles, so that the content policy can forbid both."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

ROOT = Path(__file__).parents[2]
PLACES = (ROOT / "templates", *sorted((ROOT / "eventhub/kinds").glob("*/templates")))
JINJA = Environment(
    autoescape=True, extensions=["jinja2.ext.i18n", "jinja2.ext.do", "jinja2.ext.loopcontrols"]
)


def templates() -> list[Path]:
    return [file for place in PLACES for file in sorted(place.rglob("*")) if file.suffix in {".html", ".txt"}]


def pages() -> list[Path]:
    """What a browser shows; a letter's looks travel inside it, since mail readers fetch nothing."""
    return [file for file in templates() if file.suffix == ".html" and not is_letter(file)]


def is_letter(file: Path) -> bool:
    return "letters" in file.parts or file.stem == "letter"


def parsed(file: Path) -> nodes.Template:
    return JINJA.parse(file.read_text(encoding="utf-8"))


def name_of(file: Path) -> str:
    return str(file.relative_to(ROOT))


def test_there_are_templates_to_look_at():
    assert len(pages()) > 10


# -- Macros ------------------------------------------------------------------------------------------


def imported_in_vain(tree: nodes.Template) -> Iterator[str]:
    """Names that a template imports and does not use."""
    used = {name.name for name in tree.find_all(nodes.Name) if name.ctx == "load"}
    for line in tree.find_all(nodes.FromImport):
        names = (name if isinstance(name, tuple) else (name, name) for name in line.names)
        yield from (alias for _, alias in names if alias not in used)
    yield from (line.target for line in tree.find_all(nodes.Import) if line.target not in used)


def imported_macros(tree: nodes.Template) -> Iterator[str]:
    for line in tree.find_all(nodes.FromImport):
        yield from (name[0] if isinstance(name, tuple) else name for name in line.names)
    targets = {line.target for line in tree.find_all(nodes.Import)}
    for attribute in tree.find_all(nodes.Getattr):
        if isinstance(attribute.node, nodes.Name) and attribute.node.name in targets:
            yield attribute.attr


def called_here(tree: nodes.Template) -> set[str]:
    return {call.node.name for call in tree.find_all(nodes.Call) if isinstance(call.node, nodes.Name)}


def test_an_import_in_vain_would_be_noticed():
    tree = JINJA.parse("{% from 'a.html' import one, two as other %}{% import 'b.html' as b %}{{ one() }}")
    assert sorted(imported_in_vain(tree)) == ["b", "other"]


def test_no_template_imports_a_macro_in_vain():
    assert [
        f"{name_of(file)}: {name}" for file in templates() for name in imported_in_vain(parsed(file))
    ] == []


def test_no_macro_is_never_called():
    trees = {file: parsed(file) for file in templates()}
    imported = {name for tree in trees.values() for name in imported_macros(tree)}
    unused = [
        f"{name_of(file)}: {macro.name}"
        for file, tree in trees.items()
        for macro in tree.find_all(nodes.Macro)
        if macro.name not in imported and macro.name not in called_here(tree)
    ]
    assert unused == []


# -- Scripts and styles ------------------------------------------------------------------------------

TAGS = re.compile(r"{#.*?#}|{%.*?%}|{{.*?}}", re.DOTALL)


class Inline(HTMLParser):
    """Collects what the content policy refuses: inline scripts, inline styles, handlers, addresses elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if (
            tag == "script" and "src" not in values and values.get("type") != "application/json"
        ) or tag == "style":
            self.found.append(f"<{tag}>")
        for name, value in attrs:
            address = name in {"src", "href", "action"} and tag in {"script", "link", "img", "form", "iframe"}
            if (
                name == "style"
                or name.startswith(("on", "hx-on"))
                or (value or "").strip().startswith("javascript:")
            ):
                self.found.append(f"<{tag} {name}>")
            elif address and re.match(r"(https?:)?//", value or ""):
                self.found.append(f"<{tag} {name}={value}>")


def inline(source: str) -> list[str]:
    """What of a template's markup would be refused; Jinja's own tags are taken out first."""
    parser = Inline()
    parser.feed(TAGS.sub(" ", source))
    return parser.found


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("<script>go()</script>", ["<script>"]),
        ("<style>p {}</style>", ["<style>"]),
        ('<p style="color: red">', ["<p style>"]),
        ('<a onclick="go()">', ["<a onclick>"]),
        ('<a href="javascript:go()">', ["<a href>"]),
        ('<script src="https://example.org/x.js">', ["<script src=https://example.org/x.js>"]),
        ("""<script src="{{ url_for('static', filename='js/x.js') }}" defer></script>""", []),
    ],
)
def test_inline_markup_would_be_noticed(source: str, found: list[str]):
    assert inline(source) == found


def test_no_page_holds_a_script_or_a_style():
    assert [f"{name_of(file)}: {what}" for file in pages() for what in inline(file.read_text("utf-8"))] == []


def test_no_template_decides_what_is_safe():
    """Text stays text: what people typed is escaped, everywhere."""
    unsafe = re.compile(r"\|\s*safe\b|autoescape\s+false|Markup\(")
    marked = [
        f"{name_of(file)}: {hit[0]}"
        for file in templates()
        for hit in unsafe.finditer(file.read_text("utf-8"))
    ]
    assert marked == []

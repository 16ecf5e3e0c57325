"""Components hold their promises: what belongs together is tied together, numbers are said, colours can be read."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from playwright.sync_api import Page
from werkzeug.datastructures import MultiDict
from wtforms import (  # type: ignore[attr-defined] # its published types are older than SelectChoice
    BooleanField,
    DateField,
    EmailField,
    FieldList,
    Form,
    FormField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
    TelField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, Optional, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from eventhub.domain.terms import LetterState, Phase, RegistrationState, RunState, word
from eventhub.i18n import LOCALES, current_locale, gettext, ngettext_raw, use_locale
from eventhub.web import formats

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "templates"
STATIC = ROOT / "eventhub/static"
MACROS = sorted((TEMPLATES / "components").glob("*.html"))

# -- How pages are rendered here ---------------------------------------------------------------------


def must_not_be_asked(*_args: object, **_names: object) -> str:
    message = "an error page asks for what may be broken"
    raise AssertionError(message)


GLOBALS: Mapping[str, Any] = {
    "word": word,
    "csp_nonce": lambda: "the-nonce",
    "csrf_token": lambda: "the-token",
    "url_for": lambda endpoint, **values: f"/{endpoint}/{'/'.join(values.values())}",
    "static_url": lambda path: f"/static/{path}",
    "date_range": lambda a, b: f"{a:%d.%m.}-{b:%d.%m.}",
    "kept": str,
    "headed": formats.headed,
    "datetime": lambda at: f"{at:%d.%m. %H:%M}",
    "money": lambda fen: f"CNY {fen / 100:,.0f}",
    "number": lambda n: f"{n:,}",
    "navigation": lambda: [
        SimpleNamespace(label="Programmes", url="/p", active=False),
        SimpleNamespace(label="Mine", url="/my", active=True),
    ],
    "get_flashed_messages": lambda with_categories: [("error", "<b>no</b>")] if with_categories else [],
}

JINJA = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
JINJA.add_extension("jinja2.ext.i18n")
JINJA.install_gettext_callables(gettext, ngettext_raw, newstyle=True)  # type: ignore[attr-defined] # of the extension
JINJA.globals.update(GLOBALS)


class Read(HTMLParser):
    """A page as its elements (tag, attributes, text inside)."""

    VOID = frozenset({"input", "img", "link", "meta", "br", "hr"})

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.elements: list[SimpleNamespace] = []
        self._open: list[SimpleNamespace] = []
        self.feed(markup)
        assert self._open == [], f"never closed: {[element.tag for element in self._open]}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = SimpleNamespace(tag=tag, attrs={k: v or "" for k, v in attrs}, text="")
        self.elements.append(element)
        if tag not in self.VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        closed = self._open.pop()
        assert closed.tag == tag, f"<{closed.tag}> closed by </{tag}>"

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def all(self, tag: str, **attrs: str) -> list[SimpleNamespace]:
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attrs.items()}
        return [e for e in self.elements if e.tag == tag and wanted.items() <= e.attrs.items()]

    def one(self, tag: str, **attrs: str) -> SimpleNamespace:
        (found,) = self.all(tag, **attrs)
        return found

    def by_id(self, name: str) -> SimpleNamespace:
        (found,) = [e for e in self.elements if e.attrs.get("id") == name]
        return found


def rendered(source: str, **values: Any) -> Read:
    """A snippet of a page in English, with every macro at hand."""
    names = [(file.stem, file.stem) for file in MACROS]
    imports = "".join(f'{{% from "components/{file}.html" import {name} %}}' for file, name in names)
    imports += '{% from "components/table.html" import cell %}'
    with use_locale("en"):
        return Read(JINJA.from_string(imports + source).render(**values))


def squeezed(text: str) -> str:
    return " ".join(text.split())


# -- The set as a whole ------------------------------------------------------------------------------


@pytest.mark.parametrize("file", MACROS, ids=lambda file: file.stem)
def test_each_file_offers_the_macro_it_is_named_after_and_the_guide_tells_its_signature(file: Path):
    source = file.read_text("utf-8")
    (signature,) = re.findall(rf"{{% macro ({file.stem}\(.*?\)) -?%}}", source)
    assert f"`{signature}`" in (TEMPLATES / "components/README.md").read_text("utf-8")


def drawings_named(source: str) -> set[str]:
    return set(re.findall(r'(?:icon\(|drawing=)"([a-z-]+)"', source)) | set(
        re.findall(r'_mover\("\w+", "([a-z-]+)"', source)
    )


def test_every_drawing_that_a_template_names_is_in_the_sprite():
    sprite = (STATIC / "vendor/tabler-icons/sprite.svg").read_text("utf-8")
    drawn = set(re.findall(r'<symbol id="([a-z-]+)"', sprite))
    named = set().union(*(drawings_named(file.read_text("utf-8")) for file in TEMPLATES.rglob("*.html")))
    assert len(named) > 5
    assert named - drawn == set()


def sum_of(file: Path) -> str:
    return "sha384-" + base64.b64encode(hashlib.sha384(file.read_bytes()).digest()).decode()


def test_what_others_made_is_as_noted_and_the_browser_checks_it_too():
    noted = dict(
        re.findall(r"\| `(\S+)` \|.*\| `(sha384-\S+)` \|", (STATIC / "vendor/README.md").read_text("utf-8"))
    )
    kept = {
        str(file.relative_to(STATIC / "vendor")): sum_of(file)
        for file in (STATIC / "vendor").rglob("*")
        if file.is_file() and file.name not in {"LICENSE", "README.md"}
    }
    assert noted == kept
    assert f'integrity="{noted["htmx/htmx.min.js"]}"' in (TEMPLATES / "base.html").read_text("utf-8")


def test_each_folder_of_what_others_made_carries_its_licence():
    assert all((folder / "LICENSE").exists() for folder in (STATIC / "vendor").iterdir() if folder.is_dir())


def test_no_asset_asks_for_anything_elsewhere():
    for file in [*STATIC.rglob("*.css"), *STATIC.rglob("*.js")]:
        source = file.read_text("utf-8")
        assert "sourceMappingURL" not in source, file
        assert re.findall(r"url\(['\"]?(?!['\"]?data:)[^)]{0,80}\)|@import", source) == [], file


# -- Colours -----------------------------------------------------------------------------------------


def tokens() -> dict[str, dict[str, str]]:
    """Our colours by scheme, dark ones standing over light ones."""
    source = (STATIC / "css/tokens.css").read_text("utf-8")
    light, dark = source.split("@media (prefers-color-scheme: dark)")

    def colours(part: str) -> dict[str, str]:
        return dict(re.findall(r"--eh-([\w-]+): (#[0-9a-f]{6});", part))

    return {"light": colours(light), "dark": colours(light) | colours(dark)}


def contrast(one: str, other: str) -> float:
    """The ratio of WCAG 2.2."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_measured_as_the_standard_says():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


GROUNDS = ("paper", "surface", "sunken")
TONES = ("good", "info", "wait", "bad", "quiet")
SHADES = ("sun", "brick", "pine", "lake", "plum", "stone")
TEXTS = [
    *((text, ground) for text in ("ink", "ink-soft", "accent", "bad") for ground in GROUNDS),
    *((text, f"{tone}-soft") for tone in TONES for text in (tone, "ink")),
    *((f"shade-{shade}", f"shade-{shade}-soft") for shade in SHADES),
    ("on-action", "action"),
    ("on-action", "action-hover"),
]
SHAPES = [
    *((shape, ground) for shape in ("control", "focus", "accent") for ground in GROUNDS),
    *((f"shade-{shade}", "surface") for shade in SHADES),
    ("part-1", "quiet-soft"),
    ("part-2", "quiet-soft"),
    ("wait-fill", "quiet-soft"),
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read_on_its_ground(scheme: str):
    colours = tokens()[scheme]
    faint = {(a, b): round(r, 2) for a, b in TEXTS if (r := contrast(colours[a], colours[b])) < 4.5}
    assert faint == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_outline_and_mark_stands_out(scheme: str):
    colours = tokens()[scheme]
    faint = {(a, b): round(r, 2) for a, b in SHAPES if (r := contrast(colours[a], colours[b])) < 3}
    assert faint == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_parts_of_a_bar_differ_in_lightness_alone(scheme: str):
    colours = tokens()[scheme]
    parts = [colours[f"part-{n}"] for n in (1, 2, 3, 4)]
    assert all(contrast(one, other) > 1.4 for one, other in pairwise(parts))


# -- Fields and forms --------------------------------------------------------------------------------


class Contact(Form):
    """A part of a form that comes twice."""

    who = StringField("Name", [InputRequired("Name whom to call.")])


class Everything(Form):
    """A field of each sort that pages use."""

    name = StringField(
        "Name", [InputRequired("Write the name."), Length(max=20)], description="As on the card"
    )
    note = TextAreaField("Note", [Optional()])
    born = DateField("Born", [Optional()])
    email = EmailField("Mail", [Optional()], render_kw={"autocomplete": "email"})
    phone = TelField("Phone", [Optional()])
    seats = IntegerField("Seats", [Optional()])
    unit = SelectField(
        "Unit", [InputRequired("Pick a unit.")], choices=[SelectChoice("", "-"), SelectChoice("1", "One")]
    )
    sex = RadioField(
        "Sex", [InputRequired("Pick one.")], choices=[SelectChoice("f", "Female"), SelectChoice("m", "Male")]
    )
    meals = SelectMultipleField(
        "Meals",
        [Optional()],
        choices=[SelectChoice("h", "Halal"), SelectChoice("v", "Vegetarian")],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    agrees = BooleanField("I agree", [InputRequired("Agree first.")], description="Can be taken back")
    calls = FieldList(FormField(Contact, "Contact"), "Whom to call", min_entries=2)
    step = HiddenField()

    def validate_note(self, control: TextAreaField) -> None:
        if control.data == "bad":
            message = "Say it otherwise."
            raise ValidationError(message)


def filled(**answers: str) -> Everything:
    form = Everything(MultiDict(answers))
    form.validate()
    return form


NAMES = ["name", "note", "born", "email", "phone", "seats", "unit"]


@pytest.mark.parametrize("name", NAMES)
def test_a_field_has_its_label_above_and_is_found_by_it(name: str):
    read = rendered("{{ field(f[name]) }}", f=Everything(), name=name)
    (control,) = [e for e in read.elements if e.attrs.get("id") == name]
    assert control.tag in {"input", "select", "textarea"}
    label = read.one("label", for_=name)
    assert read.elements.index(label) < read.elements.index(control)


def test_a_hint_and_a_complaint_are_read_out_with_the_control():
    read = rendered("{{ field(f.name) }}", f=filled(name=""))
    control = read.by_id("name")
    assert control.attrs["aria-invalid"] == "true"
    hint, complaint = (read.by_id(name) for name in control.attrs["aria-describedby"].split())
    assert hint.text == "As on the card"
    assert squeezed(complaint.text) == "Error: Write the name."


def test_a_field_without_hint_or_complaint_points_nowhere():
    control = rendered("{{ field(f.phone) }}", f=Everything()).by_id("phone")
    assert "aria-describedby" not in control.attrs
    assert "aria-invalid" not in control.attrs


def test_what_was_typed_stays_and_cannot_become_markup():
    read = rendered("{{ field(f.name) }}", f=filled(name='"><script>alert(1)</script>'))
    assert read.by_id("name").attrs["value"] == '"><script>alert(1)</script>'
    assert read.all("script") == []


@pytest.mark.parametrize(("name", "keyboard"), [("phone", "tel"), ("email", "email"), ("seats", "numeric")])
def test_a_phone_shows_the_right_keyboard(name: str, keyboard: str):
    read = rendered("{{ field(f[name]) }}", f=Everything(), name=name)
    assert read.by_id(name).attrs["inputmode"] == keyboard


def test_what_the_page_says_of_a_field_wins_over_what_the_form_says():
    read = rendered(
        '{{ field(f.email, autocomplete="off", inputmode="text", hint="Yours") }}', f=Everything()
    )
    control = read.by_id("email")
    assert (control.attrs["autocomplete"], control.attrs["inputmode"]) == ("off", "text")
    assert read.by_id("email-hint").text == "Yours"
    assert rendered("{{ field(f.email) }}", f=Everything()).by_id("email").attrs["autocomplete"] == "email"


def test_only_what_may_be_left_out_is_marked():
    assert "(optional)" in rendered("{{ field(f.phone) }}", f=Everything()).one("label").text
    assert "(optional)" not in rendered("{{ field(f.name) }}", f=Everything()).one("label").text
    assert "(optional)" in rendered("{{ field(f.meals) }}", f=Everything()).one("legend").text
    assert "(optional)" not in rendered("{{ field(f.sex) }}", f=Everything()).one("legend").text


def test_a_unit_stands_beside_its_number():
    assert (
        rendered('{{ field(f.seats, unit="yuan") }}', f=Everything())
        .one("div", class_="eh-unit")
        .text.strip()
        == "yuan"
    )


@pytest.mark.parametrize(("name", "kind", "labels"), [("sex", "radio", 2), ("meals", "checkbox", 2)])
def test_choices_are_a_group_with_a_name_and_a_label_each(name: str, kind: str, labels: int):
    read = rendered("{{ field(f[name]) }}", f=filled(), name=name)
    assert read.one("fieldset").attrs["id"] == name
    controls = read.all("input", type=kind)
    assert {c.attrs["id"] for c in controls} == {e.attrs["for"] for e in read.all("label")}
    assert len(controls) == labels


def test_a_complaint_about_a_group_is_read_out_with_the_group():
    read = rendered("{{ field(f.sex) }}", f=filled())
    assert read.by_id(read.one("fieldset").attrs["aria-describedby"]).text.strip().endswith("Pick one.")


def test_a_single_box_has_its_label_beside_and_its_hint_below():
    read = rendered("{{ field(f.agrees) }}", f=filled())
    assert read.one("label", for_="agrees").text == "I agree"
    assert read.by_id("agrees").attrs["aria-describedby"] == "agrees-hint agrees-error"
    assert read.all("legend") == []


def test_a_repeated_part_shows_each_of_its_fields():
    read = rendered("{{ field(f.calls) }}", f=Everything())
    assert {e.attrs["id"] for e in read.all("input")} == {"calls-0-who", "calls-1-who"}
    assert "Whom to call" in [squeezed(e.text) for e in read.all("legend")]


FORM = """{% call form("/send", of=f, submit="Go on", idempotency_key="k1", cancel_url="/back") %}
{% for control in f if control.name != "step" %}{{ field(control) }}{% endfor %}{% endcall %}"""


def test_a_form_carries_its_token_its_key_and_its_hidden_fields():
    read = rendered(FORM, f=Everything(step="2"))
    assert read.one("form").attrs["action"] == "/send"
    assert read.one("input", name="csrf_token").attrs["value"] == "the-token"
    assert read.one("input", name="idempotency_key").attrs["value"] == "k1"
    assert read.one("input", name="step").attrs["value"] == "2"
    assert read.one("a", href="/back").text == "Cancel"
    assert read.all("div", role="alert") == []


def test_a_form_that_only_asks_gives_no_token_away():
    read = rendered('{% call form("/find", method="get", submit="Find") %}{% endcall %}')
    assert read.all("input") == []
    assert "data-once" not in read.one("form").attrs


def test_every_complaint_in_the_summary_leads_to_its_field():
    form = filled(note="bad")
    form.form_errors.append("The party is too large.")
    read = rendered(FORM, f=form)
    summary = read.one("div", role="alert")
    assert "autofocus" in summary.attrs
    assert "The party is too large." in summary.text
    links = {
        e.attrs["href"].removeprefix("#"): squeezed(e.text) for e in read.all("a") if "#" in e.attrs["href"]
    }
    assert links == {
        "name": "Name: Write the name.",
        "note": "Note: Say it otherwise.",
        "unit": "Unit: Pick a unit.",
        "sex-0": "Sex: Pick one.",
        "agrees": "I agree: Agree first.",
        "calls-0-who": "Name: Name whom to call.",
        "calls-1-who": "Name: Name whom to call.",
    }
    for name in links:
        assert read.by_id(name).tag in {"input", "select", "textarea"}


def test_a_complaint_that_names_its_field_is_not_told_the_name_again():
    form = filled(note="bad")
    form.validate()
    form["name"].errors = ["Name: please fill this in."]
    summary = rendered(FORM, f=form).one("div", role="alert")
    assert "Name: please fill this in." in squeezed(summary.text)
    assert "Name: Name: please" not in squeezed(summary.text)


class Few(Form):
    """A list with a limit of its own, and a hidden field that can be wrong."""

    calls = FieldList(StringField("Call"), "Whom to call", [Length(min=3, message="Name at least three.")])
    step = HiddenField("Step", [InputRequired("Begin again.")])


def test_a_complaint_about_a_whole_list_or_a_hidden_field_is_not_lost():
    form = Few(MultiDict({"calls-0": "M"}))
    form.validate()
    read = rendered("{% call form(of=f) %}{{ field(f.calls) }}{% endcall %}", f=form)
    assert [squeezed(e.text) for e in read.all("li")] == [
        "Whom to call: Name at least three.",
        "Begin again.",
    ]
    assert read.by_id(read.one("a").attrs["href"].removeprefix("#")).tag == "fieldset"
    assert squeezed(read.by_id("calls-error").text) == "Error: Name at least three."


# -- Words, numbers, states --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "tone"),
    [
        (Phase.OPEN, "good"),
        (RegistrationState.RETURNED, "wait"),
        (RegistrationState.NOT_SELECTED, "quiet"),
        (RunState.INFEASIBLE, "bad"),
        (LetterState.DEAD, "bad"),
    ],
)
def test_a_badge_says_the_words_of_the_trade_in_their_tone(state: Any, tone: str):
    badge = rendered("{{ badge(state) }}", state=state).one("span")
    with use_locale("en"):
        assert badge.text == str(word(state))
    assert f"eh-tone-{tone}" in badge.attrs["class"]


def test_a_badge_may_say_something_of_its_own():
    badge = rendered('{{ badge("Full", tone="wait") }}').one("span")
    assert (badge.text, badge.attrs["class"]) == ("Full", "eh-badge eh-tone-wait")


def test_a_bar_says_in_words_what_it_draws():
    read = rendered('{{ bar("Batch 1", of=40, value=9, minimum=12, unit="people") }}')
    said = squeezed(read.elements[0].text)
    assert said == "Batch 1 9 of 40 people Runs from 12, 3 missing"
    assert read.one("rect", class_="eh-bar-info").attrs["width"] == "22.500%"
    assert read.one("rect", class_="eh-bar-mark").attrs["x"] == "30.000%"
    assert "aria-hidden" in read.one("svg").attrs


def test_a_bar_of_parts_counts_what_did_not_come_about_apart():
    parts = [
        {"label": "First", "value": 60},
        {"label": "Second", "value": 15},
        {"label": "Not placed", "value": 25, "tone": "rest"},
    ]
    read = rendered('{{ bar("Placed", of=100, parts=parts) }}', parts=parts)
    assert "75 of 100" in read.elements[0].text
    assert [squeezed(e.text) for e in read.all("li")] == ["First 60", "Second 15", "Not placed 25"]
    drawn = [read.one("rect", class_=f"eh-bar-{tone}").attrs for tone in ("1", "2", "rest")]
    assert [(e["x"], e["width"]) for e in drawn] == [
        ("0.000%", "60.000%"),
        ("60.000%", "15.000%"),
        ("75.000%", "25.000%"),
    ]


@pytest.mark.parametrize(("of", "value"), [(0, 0), (10, 14)])
def test_a_bar_never_draws_beyond_its_ground(of: int, value: int):
    read = rendered('{{ bar("Seats", of=of, value=value) }}', of=of, value=value)
    assert float(read.one("rect", class_="eh-bar-info").attrs["width"].rstrip("%")) <= 100


def test_a_stat_names_its_unit_and_the_whole_it_is_part_of():
    read = rendered('<dl>{{ stat("Placed", 78112, "people", of=104960, url="/who") }}</dl>')
    assert squeezed(read.one("dl").text) == "Placed 78,112 people of 104,960 people"
    assert read.one("a", href="/who").text == "78,112"


def test_steps_say_how_many_there_are_and_which_are_done():
    read = rendered('{{ steps(["Who", "What", "Send"], 2) }}')
    assert squeezed(read.one("p").text) == "Step 2 of 3 · What"
    assert squeezed(read.one("li", aria_current="step").text) == "What"
    assert [squeezed(e.text) for e in read.all("li")] == ["Who (done)", "What", "Send"]


def test_a_date_is_written_for_people_and_for_machines():
    day = rendered("{{ date(a) }}", a=date(2027, 7, 5)).one("time")
    assert (day.attrs["datetime"], day.text) == ("2027-07-05", "05.07.-05.07.")
    moment = rendered("{{ date(a) }}", a=datetime(2027, 7, 5, 9, 30, tzinfo=UTC)).one("time")
    assert (moment.attrs["datetime"], moment.text) == ("2027-07-05T09:30:00+00:00", "05.07. 09:30")
    span = rendered("{{ date(a, b) }}", a=date(2027, 7, 5), b=date(2027, 7, 10)).one("time")
    assert (span.attrs["datetime"], span.text) == ("2027-07-05/2027-07-10", "05.07.-10.07.")


# -- Tables and lists --------------------------------------------------------------------------------

COLUMNS = ["Route", {"label": "Money", "numeric": True, "unit": "yuan"}]


def test_a_table_names_itself_and_aligns_its_numbers():
    read = rendered(
        '{{ table("Routes", columns, rows=[["<i>Lake", 2056000]], totals=["All", 1234567]) }}',
        columns=COLUMNS,
    )
    assert read.one("caption").text == "Routes"
    assert [squeezed(e.text) for e in read.all("th", scope="col")] == ["Route", "Money (yuan)"]
    cells = read.all("td", class_="eh-numeric")
    assert [(e.text, e.attrs["data-label"]) for e in cells] == [
        ("2,056,000", "Money (yuan)"),
        ("1,234,567", "Money (yuan)"),
    ]
    assert [e.text for e in read.all("th", scope="row")] == ["<i>Lake", "All"]


def test_a_table_made_of_cells_keeps_its_roles_when_stacked():
    read = rendered(
        """{% call table("People", ["Name", "State"]) %}<tr role="row">{% call cell("Name", heads=true) %}<a href="/1">M</a>{% endcall
        %}{{ cell("State", none) }}{{ cell("Rank", 1, numeric=true) }}</tr>{% endcall %}"""
    )
    assert read.one("th", role="rowheader").text == "M"
    assert [(e.attrs["data-label"], e.text) for e in read.all("td", role="cell")] == [
        ("State", ""),
        ("Rank", "1"),
    ]
    assert len(read.all("tr", role="row")) == len(read.all("tr"))


def test_a_pager_offers_only_ways_that_exist():
    read = rendered('{{ pager(next_url="/n", shown=50, total=1204) }}')
    assert read.one("a").attrs["rel"] == "next"
    assert squeezed(read.one("p").text) == "50 of 1,204"


def test_an_empty_list_says_how_to_fill_it():
    read = rendered(
        '{% call empty("Nothing yet", "Sign up first.") %}{{ button("Look", url="/p", look="primary") }}{% endcall %}'
    )
    assert read.one("h2").text == "Nothing yet"
    assert read.one("a", href="/p").attrs["class"] == "btn btn-primary"


def test_facts_say_what_was_not_given_and_where_to_change_it():
    read = rendered(
        "{{ facts(rows) }}",
        rows=[{"label": "Name", "value": "M", "change_url": "/c"}, SimpleNamespace(label="Note", value=None)],
    )
    assert [e.text for e in read.all("dt")] == ["Name", "Note"]
    assert squeezed(read.one("a", href="/c").text) == "Change Name"
    assert [squeezed(e.text) for e in read.all("dd")] == ["M", "Change Name", "not given"]


# -- Panels ------------------------------------------------------------------------------------------


def test_a_heading_says_where_one_is_and_in_what_state():
    read = rendered(
        """{% call heading("Camp", state=badge(open), notes=["5 days left"], back_url="/p") %}{{
        button("Sign up", url="/s", look="primary") }}{% endcall %}""",
        open=Phase.OPEN,
    )
    assert read.one("h1").text == "Camp"
    assert squeezed(read.one("p", class_="eh-heading-state").text) == "Open for sign-up 5 days left"
    assert squeezed(read.one("a", href="/p").text) == "Back"


def test_a_card_carries_its_kinds_shade_and_drawing():
    read = rendered(
        '{% call card("Camp", url="/c", shade="sun", art=art, foot=button("View", url="/c")) %}<p>In</p>{% endcall %}',
        art=Markup("<svg></svg>"),
    )
    assert "eh-shade-sun" in read.one("section").attrs["class"]
    assert read.all("svg") != []
    assert "In" in read.one("section").text


def test_an_alert_that_matters_at_once_is_said_at_once():
    assert rendered('{{ alert("No", tone="bad", live=true) }}').elements[0].attrs["role"] == "alert"
    assert rendered('{{ alert("Yes", tone="good", live=true) }}').elements[0].attrs["role"] == "status"
    assert "role" not in rendered('{{ alert("So", "it is") }}').elements[0].attrs


def test_a_confirmation_says_to_how_many_it_will_happen():
    read = rendered(
        '{% call confirm("Publish", effects, tone="bad") %}<p>form</p>{% endcall %}',
        effects=[{"count": 1412, "label": "invited"}, {"count": 6, "label": "withdrawn"}],
    )
    assert [squeezed(e.text) for e in read.all("li")] == ["1,412invited", "6withdrawn"]


def test_a_button_that_may_not_be_pressed_is_disabled_and_a_link_stays_a_link():
    assert "disabled" in rendered('{{ button("Go", disabled=true) }}').one("button").attrs
    button = rendered('{{ button("Go", name="a", value="1", drawing="check", described="to M") }}').one(
        "button"
    )
    assert (button.attrs["name"], button.attrs["value"], button.attrs["type"]) == ("a", "1", "submit")
    assert squeezed(button.text) == "Go to M"


def test_long_work_asks_again_only_while_it_runs():
    running = rendered('{{ progress("Placing", "Improving", done=42, whole=120, poll_url="/run/1") }}')
    panel = running.by_id("progress")
    assert (panel.attrs["hx-get"], panel.attrs["hx-trigger"]) == ("/run/1", "every 2s")
    assert running.one("progress").attrs.items() >= {"value": "42", "max": "120"}.items()
    assert running.all("noscript") != []
    ended = rendered('{{ progress("Placing", "Done", done=120, whole=120) }}')
    assert "hx-get" not in ended.by_id("progress").attrs
    assert "value" not in rendered('{{ progress("Placing", "Starting") }}').one("progress").attrs


# -- Options and their order -------------------------------------------------------------------------


def option(number: int, **more: Any) -> dict[str, Any]:
    return {"id": f"o{number}", "title": f"Batch {number}", **more}


def test_an_option_shows_what_a_choice_depends_on():
    read = rendered(
        """{{ option_card("Batch 1", start=a, end=b, place="Lake", price=50000, seats=40, ranked_by=1) }}""",
        a=date(2027, 7, 5),
        b=date(2027, 7, 10),
    )
    assert [squeezed(e.text) for e in read.all("li")] == [
        "05.07.-10.07.",
        "Lake",
        "CNY 500",
        "40 seats",
        "ranked by 1 person",
    ]
    assert "free of charge" in rendered('{{ option_card("B", price=0) }}').elements[0].text


def test_a_forbidden_option_is_greyed_with_its_reason():
    read = rendered('{{ option_card("Batch 4", reason="Three days too young.") }}')
    assert "eh-option-off" in read.elements[0].attrs["class"]
    assert "Three days too young." in read.elements[0].text


RANKING = '{% call form("/rank", submit="Go on") %}{{ ranking(chosen, available, most=3) }}{% endcall %}'


def test_the_order_is_sent_and_every_move_is_a_button():
    read = rendered(
        RANKING, chosen=[option(1), option(2)], available=[option(3), option(4, reason="Too young.")]
    )
    sent = [e.attrs["value"] for e in read.all("input", name="ranking") if "disabled" not in e.attrs]
    assert sent == ["o1", "o2"]
    moves = {e.attrs["value"]: "disabled" in e.attrs for e in read.all("button", name="move")}
    assert (moves["up:o1"], moves["down:o1"], moves["up:o2"], moves["down:o2"]) == (True, False, False, True)
    assert moves["remove:o1"] is False
    assert "add:o3" in moves
    assert "add:o4" not in moves
    assert squeezed(read.one("button", value="down:o1").text) == "Down Batch 1"


def test_no_more_can_be_added_than_may_be_chosen():
    full = rendered(RANKING, chosen=[option(n) for n in (1, 2, 3)], available=[option(4)])
    assert [e for e in full.all("div") if "eh-ranking-full" in e.attrs.get("class", "").split()] != []
    assert "You can choose up to 3 options" in full.one("form").text


# -- The frame ---------------------------------------------------------------------------------------


def page_of(layout: str, locale: str = "zh", **values: Any) -> Read:
    source = f'{{% extends "layouts/{layout}.html" %}}{{% block content %}}<h1>x</h1>{{% endblock %}}'
    with use_locale(locale):
        return Read(JINJA.from_string(source).render({"locale": locale, "actor": None, **values}))


@pytest.mark.parametrize("layout", ["public", "desk", "print"])
def test_a_page_says_its_language_and_runs_only_scripts_with_the_nonce(layout: str):
    read = page_of(layout)
    assert read.one("html").attrs["lang"] == "zh-CN"
    assert page_of(layout, "en").one("html").attrs["lang"] == "en-GB"
    assert read.all("script") == read.all("script", nonce="the-nonce")
    assert len(read.all("main")) == 1


def test_only_the_desk_carries_htmx():
    def scripts(layout: str) -> list[str]:
        return [e.attrs["src"].rsplit("/")[-1] for e in page_of(layout).all("script")]

    assert scripts("desk") == ["htmx.min.js", "page.js"]
    assert scripts("public") == ["page.js"]


def test_htmx_may_evaluate_nothing_and_write_no_styles():
    config = page_of("desk").one("meta", name="htmx-config").attrs["content"]
    assert '"allowEval": false' in config
    assert '"includeIndicatorStyles": false' in config


def test_the_language_is_switched_by_a_form_with_a_token():
    read = page_of("public")
    assert read.one("form").attrs == {"method": "post", "action": "/public.language/en"}
    assert read.one("input", name="csrf_token").attrs["value"] == "the-token"
    assert read.one("button").text == "English"
    assert page_of("public", "en").one("button").text == "中文"


def test_the_frame_says_where_one_is_who_one_is_and_whom_to_ask():
    contact = SimpleNamespace(name="王秀英", phone="0951 5010000", email="")
    read = page_of("public", actor=SimpleNamespace(name="马兰", roles={"guardian"}), contact=contact)
    assert read.one("a", aria_current="page").text == "Mine"
    assert read.one("a", class_="eh-account").text.endswith("马兰")
    assert read.one("a", href="tel:09515010000").text == "0951 5010000"
    assert read.one("a", class_="eh-skip").attrs["href"] == "#content"


def test_a_flashed_message_is_read_out_and_cannot_become_markup():
    read = page_of("public")
    assert squeezed(read.one("div", role="alert").text) == "<b>no</b>"


@pytest.mark.parametrize("file", sorted((STATIC / "css").glob("*.css")), ids=lambda file: file.name)
def test_a_style_sheet_opens_and_closes_its_rules_in_turn(file: Path):
    # A browser reads on silently behind a lost brace, and drops half the sheet.
    depth = 0
    for number, line in enumerate(
        re.sub(r"/\*.*?\*/", "", file.read_text("utf-8"), flags=re.DOTALL).splitlines(), 1
    ):
        for sign in re.findall(r"[{}]", line):
            depth += 1 if sign == "{" else -1
            assert 0 <= depth <= 2, f"{file.name}, line {number} without comments"
    assert depth == 0


ERRORS = ["400", "401", "403", "404", "409", "413", "500"]


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("status", ERRORS)
def test_an_error_page_is_no_dead_end_and_needs_nothing_that_may_be_broken(status: str, locale: str):
    broken = JINJA.overlay()
    broken.globals = {
        **JINJA.globals,
        **dict.fromkeys(["navigation", "csrf_token", "url_for", "get_flashed_messages"], must_not_be_asked),
    }
    with use_locale(locale):
        template = broken.get_template(f"errors/{status}.html")
        read = Read(template.render(locale=current_locale(), reference="7f3a-91c2", most_bytes=2_000_000))
    assert read.one("h1").text.strip() != ""
    assert len(read.all("li")) >= 2
    assert "/" in [e.attrs["href"] for e in read.all("a", class_="btn btn-primary")]
    assert read.one("span", class_="eh-reference").text == "7f3a-91c2"
    assert read.one("title").text.startswith(read.one("h1").text.strip())


def test_a_file_for_people_who_are_signed_in_asks_one_thing_first():
    read = Read(
        JINJA.get_template("errors/401.html").render(locale="zh", sign_in_url="/sign-in?next=/my/calendar")
    )
    assert [e.attrs["href"] for e in read.all("a", class_="btn btn-primary")] == [
        "/sign-in?next=/my/calendar"
    ]
    assert read.one("a", class_="btn").attrs["href"] == "/"


def test_an_error_page_says_what_is_known_and_leads_back():
    with use_locale("en"):
        template = JINJA.get_template("errors/409.html")
        read = Read(template.render(locale="en", problem="Batch 2 is full.", back_url="/my/1"))
    assert "Batch 2 is full." in read.one("main").text
    assert read.one("a", class_="btn btn-primary").attrs["href"] == "/my/1"


# -- In a browser ------------------------------------------------------------------------------------

STYLES = (
    "vendor/tabler/tabler.min.css",
    "css/tokens.css",
    "css/base.css",
    "css/components.css",
    "css/pages.css",
)
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@pytest.fixture
def shown(page: Page) -> Iterator[Callable[[str], Page]]:
    """Opens markup as a page under the real content policy; whatever the policy refuses fails the test."""
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: refused.append(str(error)))

    def show(markup: str) -> Page:
        def answer(route: Any) -> None:
            path = route.request.url.split("localhost", 1)[1]
            if path.startswith("/static/"):
                file = STATIC / path.removeprefix("/static/")
                route.fulfill(body=file.read_bytes(), content_type=TYPES[file.suffix])
            else:
                policy = "default-src 'self'; script-src 'self' 'nonce-the-nonce'; img-src 'self' data:"
                route.fulfill(
                    body=markup,
                    content_type="text/html; charset=utf-8",
                    headers={"Content-Security-Policy": policy},
                )

        page.route("**/*", answer)
        page.goto("http://localhost/")
        return page

    yield show
    assert refused == []


def ranking_page(layout: str = "public") -> str:
    source = (
        f'{{% extends "layouts/{layout}.html" %}}{{% block messages %}}{{% endblock %}}{{% block content %}}'
        '{% from "components/form.html" import form %}{% from "components/ranking.html" import ranking %}'
        f"{RANKING}{{% endblock %}}"
    )
    values = {"chosen": [option(1), option(2)], "available": [option(3), option(4), option(5, reason="No.")]}
    with use_locale("en"):
        return JINJA.from_string(source).render(locale="en", actor=None, **values)


def order(page: Page) -> list[str]:
    inputs = page.locator('input[name="ranking"]:not([disabled])')
    return [str(value) for value in inputs.evaluate_all("all => all.map(e => e.value)")]


@pytest.mark.browser
def test_cards_move_in_place_by_button_and_say_so(shown: Callable[[str], Page]):
    page = shown(ranking_page())
    page.locator("html.js").wait_for()
    page.locator('button[value="down:o1"]').click()
    assert order(page) == ["o2", "o1"]
    assert page.locator("[data-ranking-says]").inner_text() == "Batch 1 is now number 2"
    page.locator('button[value="add:o3"]').click()
    assert order(page) == ["o2", "o1", "o3"]
    assert page.locator('button[value="add:o4"]').is_hidden()
    page.locator('button[value="remove:o2"]').click()
    assert order(page) == ["o1", "o3"]
    assert page.locator('button[value="up:o1"]').is_disabled()
    assert page.locator('button[value="add:o4"]').is_visible()
    for value in ("remove:o1", "remove:o3"):
        page.locator(f'button[value="{value}"]').click()
    assert order(page) == []
    assert page.locator(".eh-ranking-none").is_visible()


@pytest.mark.browser
def test_the_keyboard_is_never_left_nowhere(shown: Callable[[str], Page]):
    page = shown(ranking_page())
    page.locator("html.js").wait_for()
    page.locator('button[value="down:o1"]').press("Enter")
    focused = page.evaluate("document.activeElement.value")
    assert focused == "up:o1"


@pytest.mark.browser
def test_cards_can_be_dragged(shown: Callable[[str], Page]):
    page = shown(ranking_page())
    page.locator("html.js").wait_for()
    cards = page.locator(".eh-ranking-chosen > li")
    cards.nth(1).drag_to(cards.nth(0), source_position={"x": 60, "y": 20}, target_position={"x": 60, "y": 5})
    assert order(page) == ["o2", "o1"]


@pytest.mark.browser
@pytest.mark.parametrize("layout", ["public", "desk"])
def test_a_phone_needs_no_sideways_scrolling_and_every_target_is_large_enough(
    layout: str, shown: Callable[[str], Page]
):
    page = shown(ranking_page(layout))
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    buttons = page.locator("button:visible")
    heights = buttons.evaluate_all("all => all.map(e => e.getBoundingClientRect().height)")
    assert len(heights) > 5
    assert min(heights) >= (44 if layout == "public" else 40)


def test_a_date_in_a_cell_stays_one_thing_beside_its_label():
    source = '{% from "components/table.html" import cell %}{{ cell("When", date) }}'
    date = Markup('<span class="eh-nowrap">5月7日 周五</span> - <span class="eh-nowrap">5月9日 周日</span>')
    with use_locale("en"):
        shown = JINJA.from_string(source).render(date=date)
    assert f"><span>{date}</span></td>" in shown
    with use_locale("en"):
        assert "></td>" in JINJA.from_string(source).render(date=Markup())

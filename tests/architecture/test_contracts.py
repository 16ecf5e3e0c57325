"""The house keeps its floors: what may import what, and what may be named where."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def tracked(*patterns: str) -> Iterator[Path]:
    """The files that git knows or would add, so that an environment or an instance beside them is not read."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", *patterns],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    return (ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file())


def text_of(file: Path) -> str:
    return file.read_text(encoding="utf-8")


# -- Imports -----------------------------------------------------------------------------------------


def test_every_import_contract_is_kept():
    # In a process of its own: the linter forks, which a process that has loaded the compiled solver does not survive.
    script = "import sys; from importlinter import cli; sys.exit(cli.lint_imports(no_cache=True))"
    told = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert told.returncode == 0, told.stdout


def test_the_package_itself_imports_nothing():
    tree = ast.parse(text_of(ROOT / "eventhub/__init__.py"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert imports == []


def test_the_solvers_start_without_the_web():
    """The contracts read the source; this starts the real thing, all but what only several machines need."""
    forbidden = ["eventhub", "flask", "sqlalchemy", "jinja2", "babel", "icalendar"]
    script = (
        "import sys, solvers, importlib, pkgutil\n"
        "for found in pkgutil.walk_packages(solvers.__path__, 'solvers.'):\n"
        "    if not found.name.endswith(('__main__', '.cluster')): importlib.import_module(found.name)\n"
        f"print([name for name in {forbidden} if name in sys.modules])"
    )
    started = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert started.stdout.strip() == "[]"


# -- Kinds -------------------------------------------------------------------------------------------


KEYS = frozenset(file.parent.name for file in (ROOT / "eventhub/kinds").glob("*/__init__.py"))


def compares_a_kind(source: str) -> Iterator[int]:
    """Line numbers where a kind, or what is called one, is compared: by ==, in, or match."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            named = any(re.search(r"\bkind(\.key)?$", ast.unparse(side)) for side in sides)
            equal = any(isinstance(operator, ast.Eq | ast.NotEq) for operator in node.ops)
            if (named and equal) or KEYS & {text for side in sides for text in texts_in(side)}:
                yield node.lineno
        elif isinstance(node, ast.match_case) and KEYS & set(texts_in(node.pattern)):
            yield node.pattern.lineno


def texts_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@pytest.mark.parametrize(
    "leak",
    [
        "if programme.kind == 'camp': pass",
        "if 'retreat' == kind.key: pass",
        "x = [p for p in ps if p.kind in ('camp', 'contest')]",
        "match programme.kind:\n    case 'camp': pass",
        "if programme.kind != other.kind: pass",
    ],
)
def test_a_comparison_of_a_kind_would_be_noticed(leak: str):
    assert list(compares_a_kind(leak))


def test_nothing_outside_the_kinds_compares_a_kind():
    files = [
        file for file in tracked("eventhub/*.py", "solvers/*.py", "wsgi.py") if "kinds" not in file.parts
    ]
    assert len(files) > 20
    leaks = [f"{file.relative_to(ROOT)}:{line}" for file in files for line in compares_a_kind(text_of(file))]
    assert leaks == []


def test_no_shared_template_or_script_names_a_kind():
    named = re.compile(rf"""kind[\w.]* *(==|!=|in *[\[(])|[=!]=+ *["']({"|".join(KEYS)})["']""")
    files = [file for file in tracked("templates", "eventhub/static/js") if "vendor" not in file.parts]
    assert files
    leaks = [f"{file.relative_to(ROOT)}: {hit[0]}" for file in files for hit in named.finditer(text_of(file))]
    assert leaks == []


def test_the_kinds_were_found():
    assert len(KEYS) >= 3


# -- Places ------------------------------------------------------------------------------------------

# Put together here, so that this file does not name them itself.
REGISTRIES = tuple(
    ".".join(parts)
    for parts in [
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("deb", "debian", "org"),
        ("docker", "io"),
        ("ghcr", "io"),
        ("quay", "io"),
    ]
)
MACHINE_PATHS = tuple(f"/{folder}/" for folder in ("root", "work", "home", "opt"))


@pytest.mark.parametrize("word", [*REGISTRIES, *MACHINE_PATHS])
def test_no_file_names_a_registry_or_a_place_on_one_machine(word: str):
    files = [file for file in tracked() if "vendor" not in file.parts and not is_binary(file)]
    assert len(files) > 50
    named = [str(file.relative_to(ROOT)) for file in files if word in text_of(file)]
    assert named == []


def is_binary(file: Path) -> bool:
    return b"\0" in file.read_bytes()[:8000]

"""A new house gets its tree from a list, whole or not at all."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy import select

from eventhub.extensions import db
from eventhub.models.organisations import Organisation

HEAD = "code,kind,parent,name_zh,name_en\n"


def paths(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(select(Organisation.path).order_by(Organisation.path)))


def listed(tmp_path: Path, text: str) -> str:
    file = tmp_path / "tree.csv"
    file.write_text(text, encoding="utf-8-sig")
    return str(file)


def test_a_list_becomes_a_tree(app: Flask, runner: FlaskCliRunner, tmp_path: Path) -> None:
    file = listed(tmp_path, HEAD + "NX,region,,宁夏总工会,Ningxia\nYC,city,NX,银川市总工会,\n")
    result = runner.invoke(args=["organisations", "import", file])
    assert (result.exit_code, result.output) == (0, "2 organisations added.\n")
    assert paths(app) == ["NX/", "NX/YC/"]


def test_an_unknown_parent_keeps_everything_out(app: Flask, runner: FlaskCliRunner, tmp_path: Path) -> None:
    file = listed(tmp_path, HEAD + "NX,region,,宁夏总工会,\nYC,city,XX,银川市总工会,\n")
    result = runner.invoke(args=["organisations", "import", file])
    assert result.exit_code == 1
    assert "YC" in result.output
    assert paths(app) == []


def test_a_unions_own_code_with_a_wrong_check_character_is_refused(
    app: Flask, runner: FlaskCliRunner, tmp_path: Path
) -> None:
    head = "code,kind,parent,name_zh,union_code\n"
    right = runner.invoke(
        args=[
            "organisations",
            "import",
            listed(tmp_path, head + "NX,region,,宁夏总工会,81649901MJX0000014\n"),
        ]
    )
    assert right.exit_code == 0
    wrong = runner.invoke(
        args=[
            "organisations",
            "import",
            listed(tmp_path, head + "U1,primary,NX,一厂工会,81649901MJX0000015\n"),
        ]
    )
    assert "U1: the unified social credit code" in wrong.output
    assert paths(app) == ["NX/"]


def test_a_list_without_its_columns_or_with_an_unknown_kind_is_refused_by_name(
    app: Flask, runner: FlaskCliRunner, tmp_path: Path
) -> None:
    lacking = runner.invoke(args=["organisations", "import", listed(tmp_path, "code,name_zh\nNX,宁夏\n")])
    assert "lacks the columns kind, parent" in lacking.output
    unknown = runner.invoke(args=["organisations", "import", listed(tmp_path, HEAD + "NX,galaxy,,宁夏,\n")])
    assert "Line 2: 'galaxy' is no kind of organisation." in unknown.output
    assert paths(app) == []

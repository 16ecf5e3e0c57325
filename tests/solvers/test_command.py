"""The command line: exit codes, progress for programs, and a stop that keeps the best answer so far."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from solvers import samples
from solvers.__main__ import main
from solvers.source import FORMAT


def written(path, source):
    path.write_text(json.dumps(source))
    return str(path)


@pytest.fixture
def small(tmp_path):
    return written(tmp_path / "problem.json", samples.camp(children=40, batches=2, seats=15))


def test_solve_audit_explain_in_a_row(small, tmp_path, capsys):
    out = tmp_path / "result.json"
    assert main(["solve", small, "--out", str(out), "--seconds", "20"]) == 0
    result = json.loads(out.read_text())
    assert result["format"] == "eventhub.allocation-result/1"
    assert result["status"] == "optimal"
    assert main(["audit", small, str(out)]) == 0
    assert "not checked" in capsys.readouterr().err
    assert main(["audit", small, str(out), "--strict"]) == 1
    unplaced = next(iter(result["reasons"]))
    assert main(["explain", small, str(out), unplaced]) == 0
    assert unplaced in capsys.readouterr().out
    assert main(["explain", small, str(out), "nobody"]) == 2
    result["placements"].popitem()
    out.write_text(json.dumps(result))
    assert main(["audit", small, str(out)]) == 1
    assert capsys.readouterr().out.count("\n") >= 1


def test_what_is_refused_ends_with_2_and_one_sentence(tmp_path, capsys, small):
    bad = written(
        tmp_path / "bad.json",
        {"format": FORMAT, "options": [], "groups": [{"id": "g", "choices": [{"option": "a", "rank": 1}]}]},
    )
    assert main(["solve", bad]) == 2
    assert capsys.readouterr().err == 'groups[0].choices[0].option: no option "a"\n'
    assert main(["solve", str(tmp_path / "nowhere.json")]) == 2
    assert main(["solve", small, "--engine", "oracle"]) == 2
    assert 'no engine "oracle"' in capsys.readouterr().err
    (tmp_path / "result.json").write_text("{}")
    assert main(["audit", small, str(tmp_path / "result.json")]) == 2


def test_the_impossible_ends_with_3_and_a_result(tmp_path):
    source = samples.camp(children=40, batches=2, seats=15)
    source["limits"].append({"id": "floor", "options": "*", "minimum": 99})
    out = tmp_path / "result.json"
    assert main(["solve", written(tmp_path / "p.json", source), "--out", str(out)]) == 3
    result = json.loads(out.read_text())
    assert (result["status"], result["conflict"]["rules"]) == (
        "infeasible",
        [{"kind": "limit", "id": "floor"}],
    )


def test_nothing_found_in_no_time_ends_with_4_and_a_result(tmp_path):
    source = samples.contest(scale=0.03)
    out = tmp_path / "result.json"
    for group in source["groups"][:60]:
        group["required"] = True
    code = main(["solve", written(tmp_path / "p.json", source), "--out", str(out), "--seconds", "0"])
    assert (code, json.loads(out.read_text())["status"]) in {(4, "unknown"), (0, "feasible")}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_one_signal_stops_the_search_and_keeps_the_answer(tmp_path, number):
    source = written(tmp_path / "p.json", samples.retreat(scale=0.06))
    out = tmp_path / "result.json"
    command = [
        sys.executable,
        "-m",
        "solvers",
        "solve",
        source,
        "--out",
        str(out),
        "--seconds",
        "300",
        "--progress",
    ]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    told = json.loads(process.stderr.readline())
    assert set(told) == {"stage", "tier", "rank", "value", "bound", "seconds", "total_stages", "stage_index"}
    time.sleep(1)
    process.send_signal(number)
    asked = time.monotonic()
    process.communicate(timeout=60)
    assert process.returncode in {0, 4}
    assert time.monotonic() - asked < 20
    result = json.loads(out.read_text())
    assert result["status"] == ("feasible" if process.returncode == 0 else "unknown")


def test_where_no_result_can_be_written_is_said_before_the_work(tmp_path, capsys, small, monkeypatch):
    monkeypatch.setattr("solvers.__main__.solve", lambda *_, **__: pytest.fail("solved for nothing"))
    for out, told in ((tmp_path / "no" / "x.json", "there is no folder"), (tmp_path, "is a folder")):
        assert main(["solve", small, "--out", str(out)]) == 2
        assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    "given",
    [
        *("--seconds nan", "--seconds -3", "--seconds inf", "--seconds soon", "--workers 0", "--work -1"),
        *("--seed -1", "--seed 99999999999"),
    ],
)
def test_what_no_engine_could_take_is_refused(small, capsys, given):
    with pytest.raises(SystemExit) as ended:
        main(["solve", small, *given.split()])
    assert ended.value.code == 2
    assert f"argument {given.split()[0]}: " in capsys.readouterr().err


def test_brackets_without_end_are_no_json(tmp_path, capsys, small):
    deep = tmp_path / "deep.json"
    for start in ("", '{"name":', '{"format":"' + FORMAT + '","options":[],"groups":['):
        deep.write_text(start + "[" * 100_000)
        assert main(["solve", str(deep)]) == 2
        assert "nested deeper" in capsys.readouterr().err
        assert main(["audit", small, str(deep)]) == 2
        assert ("nested deeper" if start else "expected `object`") in capsys.readouterr().err.lower()


def test_a_byte_order_mark_is_skipped(tmp_path, small):
    source, out = tmp_path / "marked.json", tmp_path / "result.json"
    source.write_text(Path(small).read_text(encoding="utf-8"), encoding="utf-8-sig")
    assert main(["solve", str(source), "--out", str(out), "--seconds", "20"]) == 0
    out.write_text(out.read_text(), encoding="utf-8-sig")
    assert main(["audit", small, str(out)]) == 0


def test_a_result_of_wrong_types_is_refused_and_a_wrong_gap_found(tmp_path, capsys, small):
    out = tmp_path / "result.json"
    main(["solve", small, "--out", str(out), "--seconds", "20"])
    honest = out.read_text()

    def changed(change):
        result = json.loads(honest)
        change(result)
        out.write_text(json.dumps(result))
        capsys.readouterr()
        return main(["audit", small, str(out)]), capsys.readouterr()

    code, told = changed(lambda result: result["stages"][0].update(gap=7))
    assert (code, "claims the gap 7" in told.out) == (1, True)
    code, told = changed(lambda result: result["stages"][0].pop("gap"))
    assert (code, "missing required field `gap`" in told.err) == (2, True)
    code, told = changed(lambda result: result["stages"][0].update(value="7"))
    assert (code, "stages[0].value: expected `int`" in told.err) == (2, True)
    code, told = changed(lambda result: next(iter(result["reasons"].values())).__setitem__(0, 7))
    assert (code, "expected `object`, got `int`" in told.err) == (2, True)
    code, told = changed(lambda result: result["carriers"].update(b0=["x"]))
    assert code == 2

"""The comparison with measured runs, in short: its verdicts, and that the model sees no outcome."""

import json
import sys
from pathlib import Path

import pytest

from benchmarks import macroblocks

SMALL = {"n": 20, "rows": 274_000, "occupy": 274_000 * 147}


def line(kind: str, rows: int, new: int, kept: int, **more: object) -> dict:
    """A run of a table of 20 blocks."""
    return {
        "ev": "step", "table": "t", "kind": kind, "rows_changed": rows, "before": {"data_block": SMALL},
        "data_before": 20, "data_after": 20, "data_new": new, "data_kept": kept, **more,
    }  # fmt: skip


EXPERIMENT = Path(__file__).parents[2] / "fixtures" / "storage" / "macroblock-experiment.jsonl"
RUNS = [
    line("none", 0, 0, 20),
    line("clustered", 100, 1, 19),
    line("clustered8", 80, 7, 13),
    line("scattered", 15, 11, 9),
    line("delete_scattered", 15, 11, 9),
    line("delete_clustered", 100_000, 2, 12),
    line("append", 20_000, 2, 20),
]


@pytest.fixture
def compared(tmp_path, monkeypatch, capsys):
    def run(lines: list[dict]) -> tuple[int, list[str]]:
        path = tmp_path / "runs.jsonl"
        path.write_text("\n".join(map(json.dumps, lines)))
        monkeypatch.setattr(macroblocks, "SEEDS", 30)
        monkeypatch.setattr(sys, "argv", ["macroblocks", str(path)])
        code = macroblocks.main()
        return code, capsys.readouterr().out.splitlines()

    return run


def test_the_experiment_holds(compared):
    code, printed = compared([json.loads(text) for text in EXPERIMENT.read_text("utf-8").splitlines()])
    assert (code, printed[-1]) == (0, "17 of 17 runs within tolerance"), printed


def test_all_runs_hold(compared):
    code, printed = compared(RUNS)
    assert printed[-1] == "7 of 7 runs within tolerance", printed
    assert code == 0


@pytest.mark.parametrize("at", range(len(RUNS)))
def test_a_run_that_is_off_is_seen(compared, at):
    off = [dict(run, data_new=run["data_new"] + (9 if n == at else 0)) for n, run in enumerate(RUNS)]
    code, printed = compared(off)
    assert printed[-1] == "6 of 7 runs within tolerance"
    assert code == 1


def test_scattered_runs_that_are_all_a_little_off_are_seen(compared):
    code, printed = compared([line("scattered", 15, 13, 7) for _ in range(4)])
    assert (code, printed[-1]) == (1, "4 of 4 runs within tolerance")


def test_blocks_of_a_fresh_table(compared):
    wide = {"n": 20, "rows": 274_000, "occupy": 274_000 * 160}
    code, printed = compared([dict(RUNS[0], before={"data_block": wide})])
    assert (code, printed[-1]) == (1, "0 of 1 runs within tolerance")
    loaded = {"ev": "load", "data_before": 0, "data_after": 20, "after": {"data_block": SMALL}}
    assert compared([loaded])[0] == 0
    assert compared([dict(loaded, data_after=25)])[0] == 1


def test_the_model_sees_no_outcome(compared):
    """Whatever the outcome says, the model's columns are the same."""
    shuffled = [dict(run, data_new=99, data_kept=99, data_after=99, hist=[], new_pos=[1]) for run in RUNS]

    def columns(printed: list[str]) -> list[list[str]]:
        return [[row.split()[5], row.split()[-4] if "fresh" in row else ""] for row in printed[2:-2]]

    assert columns(compared(RUNS)[1]) == columns(compared(shuffled)[1])


def test_unknown_kinds_are_refused():
    with pytest.raises(macroblocks.WrongLine, match="no model of a run of the kind 'rename'"):
        macroblocks.kind_of("rename")


def without(key: str) -> dict:
    return {name: value for name, value in RUNS[1].items() if name != key}


@pytest.mark.parametrize(("wrong", "words"), [
    (dict(RUNS[1], kind="rename"), "no model of a run of the kind 'rename'"),
    (
        dict(RUNS[1], rows_changed=274_001),
        "the model refuses it: Incorrect arguments to count, table t has 274000 baseline rows",
    ),
    (dict(RUNS[1], rows_changed="many"), "rows_changed is 'many', not a number from 0 on"),
    (dict(RUNS[1], rows_changed=float("inf")), "rows_changed is inf, not a number from 0 on"),
    (dict(RUNS[1], tablet_size=-1), "tablet_size is -1, not a number from 1 on"),
    (dict(RUNS[1], data_before=274_001), "274001 blocks of 274000 rows"),
    (dict(RUNS[1], before={}), "before.data_block.rows is None, not a number from 0 on"),
    (without("before"), "before.data_block.rows is None, not a number from 0 on"),
    (without("rows_changed"), "rows_changed is None, not a number from 0 on"),
    (without("data_kept"), "data_kept is None, not a number from 0 on"),
    ([1], "no JSON object"),
])  # fmt: skip
def test_a_line_that_cannot_be_compared_counts_as_off(compared, wrong, words):
    code, printed = compared([RUNS[0], wrong, RUNS[6]])
    assert (code, printed[-1]) == (1, "2 of 3 runs within tolerance")
    assert printed[3] == f"line 2: {words}   OFF"


def test_what_a_run_may_lack(compared):
    bare = {"kind": "none", "rows_changed": 0, "data_before": 20, "data_new": 0, "data_kept": 20}
    code, printed = compared([
        {"about": "a header"}, dict(bare, before={"data_block": {"rows": 274_000}}),
        dict(bare, before={"data_block": SMALL}, table=None, kind=None, hist=None, sizes_after=None, tablet_size=None),
    ])
    assert (code, printed[-1]) == (0, "2 of 2 runs within tolerance"), printed


def test_files_that_cannot_be_read(tmp_path, monkeypatch, capsys):
    path = tmp_path / "runs.jsonl"
    path.write_text('{"data_new": 1,\n')
    monkeypatch.setattr(sys, "argv", ["macroblocks", str(path)])
    assert macroblocks.main() == 1
    assert "line 1: no JSON: " in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["macroblocks", str(tmp_path)])
    assert macroblocks.main() == 2
    assert capsys.readouterr().err.startswith(f"{tmp_path}: ")

"""All that was recorded of a real engine, sent to obsim in the same order: the recorded answer, or one with a reason.

`python -m tests.conformance.replay` prints the figures.
"""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conformance.replay.records import Answer, Column, Record, condensed, read_records
from tests.conformance.replay.replay import FOLDER, replay
from tests.conformance.replay.surface import Surface
from tests.conformance.replay.verdict import CLASSES, Exception_, Verdict, difference, read_exceptions, verdict

REFERENCE = Path(__file__).parents[3] / "shared" / "reference"
RECORDS = read_records(FOLDER / "records.jsonl")
PLACES = frozenset(
    {"LS_ID", "REGION", "RS_SVR_IP", "RS_SVR_PORT", "SVR_IP", "SVR_PORT", "TENANT_ID", "UNIT_ID", "ZONE", "ZONE_TYPE"}
)
"""Columns that tell tenants, servers, zones and log streams apart."""


@pytest.fixture(scope="module")
def found() -> Verdict:
    return replay(RECORDS)


def test_every_answer_is_the_recorded_one_or_has_its_reason(found: Verdict) -> None:
    assert [line.line() for line in found.unexplained] == []
    assert [line.line() for line in found.stale] == []
    assert found.good


def test_what_comes_from_neither_version_nor_product_is_rare(found: Verdict) -> None:
    assert (found.records, len(found.shared)) == (731, 508)
    assert len(found.excused) == sum(found.count(kind, shared=False) for kind in CLASSES)
    assert found.count("other") < 0.1 * len(found.shared)


def test_4_2_5_answers_as_4_3_3_but_for_columns_that_came_between(found: Verdict) -> None:
    older = replay(RECORDS, version="4.2.5")
    changed = dict(older.differing.items() - found.differing.items())
    assert older.differing.keys() == found.differing.keys()
    column_groups = {" -START_CG_ID:8 -END_CG_ID:8", " -cg_idx:8"}  # 4.3 brought them, and with them these columns
    assert {re.split(r" \+LS_ID:8", text, flags=re.IGNORECASE)[1] for text in changed.values()} == column_groups


@pytest.mark.parametrize("line", read_exceptions(FOLDER / "exceptions.tsv"), ids=lambda line: str(line.number))
def test_an_exception_is_what_its_class_says(line: Exception_) -> None:
    """What is put down to the product lacks places only, or is refused for want of user tenants, servers and zones."""
    assert line.kind in CLASSES
    assert line.reason
    recorded = next(record for record in RECORDS if record.number == line.number).answers[0]
    if line.kind == "single-tenant" and line.difference.startswith("columns "):
        more = line.difference.removeprefix("columns ").split()
        assert all(word[0] == "+" and word[1:].partition(":")[0].upper() in PLACES for word in more)
    elif line.kind == "version" and "dropped this grammar" in line.reason:
        assert recorded.errno == 1064
    elif line.kind == "version" and "dropped the view" in line.reason:
        assert recorded.errno == 1146


def test_the_copies_are_those_of_the_recording_and_the_reference() -> None:
    if not REFERENCE.exists():
        pytest.skip("the reference is not here")
    recording = read_records(REFERENCE / "seekdb-observations.jsonl")
    assert condensed(recording) == (FOLDER / "records.jsonl").read_text("utf-8")
    assert Surface.of_reference(REFERENCE).text() == (FOLDER / "surface.json").read_text("utf-8")


# What is shared.


@pytest.mark.parametrize(
    ("text", "shared"),
    [
        ("ALTER SYSTEM BACKUP DATABASE", True),
        ("/* c */ alter\nsystem FOO", True),
        ("SHOW PARAMETERS LIKE 'x'", True),
        ("SHOW PARAMETER LIKE 'x'", False),
        ("SELECT * FROM oceanbase.`GV$OB_PARAMETERS` WHERE name = 1", True),
        ("DESC oceanbase.cdb_ob_backup_jobs", True),
        ("SELECT 1 FROM oceanbase.CDB_OB_BACKUP_JOBS j JOIN oceanbase.__all_table t", False),
        ("SELECT * FROM oceanbase.__all_table", False),
        ("SET GLOBAL ha_low_thread_score = 1", True),
        ("SET ob_query_timeout = 1", False),
        ("SELECT @@ha_low_thread_score", True),
        ("SELECT 1", False),
        ("CREATE USER u", False),
        ("DROP TENANT t", True),
    ],
)
def test_what_is_shared(text: str, shared: bool) -> None:
    surface = Surface.of_fixture(FOLDER / "surface.json")
    assert surface.shares(Record(0, "sql", "root", text, (Answer(),))) is shared


# The verdict can fail.


COLUMN = Column("a", 253, 64, 45, 0, 0)
ONE = Record(1, "sql", "root", "SELECT a", (Answer(columns=(COLUMN, replace(COLUMN, name="b"))),))
REFUSED = Record(2, "sql", "root", "X", (Answer(1064, "42000", "near"),))


@pytest.mark.parametrize(
    ("record", "answer", "expected"),
    [
        (ONE, ONE.answers[0], ""),
        (ONE, Answer(columns=(replace(COLUMN, length=1), replace(COLUMN, name="b"))), ""),
        (ONE, Answer(columns=(COLUMN,)), "columns -b:253"),
        (ONE, Answer(columns=(*reversed(ONE.answers[0].columns or ()),)), "columns in another order"),
        (ONE, Answer(columns=(COLUMN, replace(COLUMN, name="b", type=8))), "columns +b:8 -b:253"),
        (ONE, Answer(1146, "42S02", "no\ttable"), "1146 42S02 no\\ttable"),
        (REFUSED, Answer(), "ok"),
        (REFUSED, Answer(1064, "42000", "near "), "1064 42000 near "),
        (REFUSED, Answer(1064, "HY000", "near"), "1064 HY000 near"),
    ],
)
def test_what_differs(record: Record, answer: Answer, expected: str) -> None:
    assert difference(record.answers, (answer,)) == expected


def test_a_difference_needs_a_line_and_a_line_its_difference() -> None:
    ok, other = (Answer(),), (Answer(1, "HY000", "x"),)
    line = Exception_(2, "other", "ok", "why", "X")
    good = verdict([ONE, REFUSED], [ONE.answers, ok], frozenset({2}), [line])
    assert (good.unexplained, good.stale, good.count("other")) == ([], [], 1)
    changed = verdict([ONE, REFUSED], [ONE.answers, other], frozenset({2}), [line])
    assert ([entry.number for entry in changed.unexplained], changed.stale) == ([2], [line])
    mended = verdict([ONE, REFUSED], [ONE.answers, REFUSED.answers], frozenset({2}), [line])
    assert (mended.unexplained, mended.stale, mended.good) == ([], [line], False)
    unlike = verdict([REFUSED], [ok], frozenset({2}), [replace(line, text="Y")])
    assert len(unlike.unexplained) == 1
    anything = verdict([REFUSED], [other], frozenset({2}), [replace(line, difference="*")])
    assert anything.unexplained == []

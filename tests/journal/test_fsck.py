"""Whatever is wrong in a data directory is said."""

import json
import re
import shutil
from zlib import crc32

import apsw
import pytest
from typer.testing import CliRunner

import obsim
from obsim.api import open_kept
from obsim.cli import app
from obsim.errors import UsageError
from obsim.journal.directory import DataDirectory
from obsim.journal.export import exported, read_export, replayed
from obsim.journal.fsck import check_directory
from obsim.journal.record import Moment, Record
from obsim.journal.secrets import read_secrets
from tests.journal.conftest import live
from tests.journal.test_recovery import leave


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A directory with a life, one checkpoint in the middle of it and one at its end. Nobody changes it."""
    folder = tmp_path_factory.mktemp("fsck") / "d"
    kept = open_kept(folder, clock="manual", seed=7)
    cluster = obsim.Cluster._over(kept.host)
    cluster.execute("ALTER SYSTEM MINOR FREEZE")
    kept.keeper.make_checkpoint()
    kept.keeper.sync()
    live(cluster)
    kept.keeper.close()
    return folder


@pytest.fixture
def copy(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "d")


def change(folder, sql, *values):
    file = apsw.Connection(str(folder / "journal.db"))
    list(file.execute(sql, values))
    file.close()


def forged(folder, number, **fields):
    """Change a record together with its sum."""
    file = apsw.Connection(str(folder / "journal.db"))
    ((timeline, at_ns, events, kind, body, answer, changes),) = file.execute(
        "SELECT timeline, at_ns, event_count, kind, body, answer, changes FROM record WHERE number = ?", (number,)
    )
    told = {
        "moment": Moment(timeline, at_ns, events), "kind": kind, "body": json.loads(body), "answer": answer,
        "changes": changes, **fields,
    }  # fmt: skip
    record = Record(number, **told)
    names = ("timeline", "at_ns", "event_count", "kind", "body", "answer", "changes", "sum")
    row = (*vars_of(record.moment), record.kind, json.dumps(record.body), record.answer, record.changes, record.sum)
    list(file.execute(f"UPDATE record SET {', '.join(f'{n} = ?' for n in names)} WHERE number = ?", (*row, number)))
    file.close()


def vars_of(moment):
    return moment.timeline, moment.at_ns, moment.event_count


def test_a_whole_one(whole):
    report = check_directory(DataDirectory(whole))
    assert report.wrong == []
    assert (report.checkpoints, report.timeline) == ([report.record_count, 1], 2)
    assert report.now_ns == report.lease_ns > 1704038400000000000
    assert report.as_text().endswith(f"{whole}: whole\n")


def test_what_it_prints_and_how_it_ends(whole, copy):
    run = CliRunner().invoke
    good = run(app, ["fsck", str(whole), "--json"])
    told = json.loads(good.output)
    assert (good.exit_code, told["wrong"], told["timeline"]) == (0, [], 2)
    change(copy, "DELETE FROM record WHERE number = 3")
    bad = run(app, ["fsck", str(copy)])
    assert bad.exit_code == 1
    assert f"{copy}: damaged\n" in bad.output
    assert "WRONG " in bad.output


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("DELETE FROM record WHERE number = 3", "record 3 is missing, the next is 4"),
        ("UPDATE record SET answer = 'ok 9' WHERE number = 2", "record 2 is not as it was written"),
        ("UPDATE record SET body = '{' WHERE number = 2", "record 2 is not as it was written"),
        ("UPDATE checkpoint SET sum = sum + 1 WHERE number = 1", "checkpoint 1 is not as it was written"),
        ("DELETE FROM meta WHERE name = 'making'", "it does not say how its cluster was made"),
        ("UPDATE meta SET value = '{}' WHERE name = 'making'", "it does not say how the cluster was made"),
        ("DROP TABLE record", "no such table: record"),
    ],
)
def test_what_is_not_as_it_was_written(copy, sql, message):
    change(copy, sql)
    assert any(message in line for line in check_directory(DataDirectory(copy)).wrong)


@pytest.mark.parametrize(
    ("number", "fields", "message"),
    [
        (2, {"answer": "ok 9"}, "from the start: record 2, .*: it answered 'ok 9', now it answers 'ok 0'"),
        (4, {"moment": Moment(1, 1704038400000000000, 0)}, "came at 17040384.* after 0 events, before the one"),
        (2, {"moment": Moment(5, 1704038400000000000, 0)}, "is of timeline 5, not 1"),
        (2, {"kind": "sing"}, "from checkpoint 1: record 2, sing .*: there is no input 'sing'"),
    ],
)
def test_what_was_forged_with_its_sum(copy, number, fields, message):
    forged(copy, number, **fields)
    report = check_directory(DataDirectory(copy))
    assert [line for line in report.wrong if re.search(message, line)] != []


def test_a_checkpoint_that_is_another_cluster(copy):
    file = apsw.Connection(str(copy / "journal.db"))
    ((number, body),) = file.execute("SELECT number, body FROM checkpoint ORDER BY number DESC LIMIT 1")
    other = body.replace("ha_low_thread_score", "ha_mid_thread_score")
    assert other != body
    row = (other, crc32(other.encode()), number)
    list(file.execute("UPDATE checkpoint SET body = ?, sum = ? WHERE number = ?", row))
    file.close()
    wrong = check_directory(DataDirectory(copy)).wrong
    assert [line for line in wrong if line.startswith(f"from checkpoint {number} these views differ from those from")]


def test_a_lease_that_ends_too_early(copy):
    change(copy, "UPDATE meta SET value = json_set(value, '$.until_ns', 1) WHERE name = 'lease'")
    assert any("the lease ends at 1, the last record came at" in w for w in check_directory(DataDirectory(copy)).wrong)


def test_secrets_that_are_gone(copy):
    (copy / "secrets").write_text("")
    assert any("from the start: password-" in line for line in check_directory(DataDirectory(copy)).wrong)


def test_a_file_that_is_cut_in_two(copy):
    data = (copy / "journal.db").read_bytes()
    (copy / "journal.db").write_bytes(data[: len(data) // 2])
    assert not check_directory(DataDirectory(copy)).whole


def test_one_in_use_and_none_at_all(tmp_path):
    kept = open_kept(tmp_path / "d")
    with pytest.raises(UsageError, match="is in use by this process"):
        check_directory(DataDirectory(tmp_path / "d"))
    leave(kept)
    with pytest.raises(UsageError, match="has no journal: name the directory that --data-dir had"):
        check_directory(DataDirectory(tmp_path))


def test_its_journal_can_be_had_while_it_is_in_use(tmp_path):
    kept = open_kept(tmp_path / "d", clock="manual", seed=7)
    cluster = obsim.Cluster._over(kept.host)
    live(cluster)
    kept.keeper.sync()
    export = read_export(exported(DataDirectory(tmp_path / "d")), "here")
    again = replayed(export, read_secrets(tmp_path / "d" / "secrets"))
    assert obsim.Cluster._over(again).views_bytes() == cluster.views_bytes()
    leave(kept)

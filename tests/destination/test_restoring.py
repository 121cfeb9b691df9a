"""What one obsim has written another one reads: rows, windows, and tenants that are restored block for block."""

import json
from pathlib import Path

import pytest
from pyroaring import BitMap64

from obsim import Cluster, ServerError
from obsim.destination import parse_uri
from obsim.destination_io.files import FileRoot
from obsim.inspection import inspect_destinations
from obsim.restore.reading import read_destination
from tests.destination.test_tree import files

SETS = "SELECT * FROM oceanbase.DBA_OB_BACKUP_SET_FILES ORDER BY BACKUP_SET_ID"
PIECES = "SELECT * FROM oceanbase.DBA_OB_ARCHIVELOG_PIECE_FILES WHERE PATH LIKE '%arch' ORDER BY ROUND_ID, PIECE_ID"
WINDOWS = "SELECT FIRST_SCN, LAST_SCN FROM obsim.restorable_windows WHERE TENANT_ID = 1002 AND RESTORABLE = 1"
NEW_POOL = "CREATE RESOURCE POOL pool_back UNIT = '{unit}', UNIT_NUM = 1"


class Life:
    """A tenant that is archived and backed up below a directory."""

    def __init__(self, root: Path, version: str = "4.2.1") -> None:
        self.root = root
        self.cluster = Cluster(version=version, file_root=root)
        self.run("ALTER SYSTEM NOARCHIVELOG")
        self.cluster.advance(seconds=5)
        self.run(f"ALTER SYSTEM SET data_backup_dest = 'file://{root}/data'")
        self.run(f"ALTER SYSTEM SET log_archive_dest = 'LOCATION=file://{root}/arch PIECE_SWITCH_INTERVAL=1d'")
        self.run("ALTER SYSTEM ARCHIVELOG")
        self.cluster.advance(minutes=5)

    def run(self, text: str):
        return self.cluster.execute(text, tenant="mysql_tenant")

    def backup(self, words: str = "") -> None:
        self.run(f"ALTER SYSTEM BACKUP {words} DATABASE")
        self.cluster.run_until_idle()

    def change(self, count: int) -> None:
        self.cluster.write("mysql_tenant", "t1", count)
        self.run("ALTER SYSTEM MAJOR FREEZE")
        self.cluster.advance(minutes=10)

    @property
    def storage(self):
        return self.cluster.state.tenant_named("mysql_tenant").storage

    @property
    def uris(self) -> list[str]:
        return [f"file://{self.root}/data", f"file://{self.root}/arch"]


@pytest.fixture
def life(tmp_path):
    """A full set, two increments, a day of log."""
    life = Life(tmp_path)
    life.backup()
    for count in (5, 7):
        life.change(count)
        life.backup("INCREMENTAL")
    life.cluster.write("mysql_tenant", "t1", 9)
    life.cluster.advance(days=1, hours=2)
    return life


def restored(root, uris, until="", version="4.2.1"):
    """A tenant restored by another cluster, with its name."""
    cluster = Cluster("blank", version=version, file_root=root, seed=99)
    unit = cluster.query("SELECT NAME FROM oceanbase.DBA_OB_UNIT_CONFIGS")[0][0]
    cluster.execute(NEW_POOL.format(unit=unit))
    cluster.execute(f"ALTER SYSTEM RESTORE back FROM '{','.join(uris)}' {until} WITH 'pool_list=pool_back'")
    cluster.run_until_idle()
    (row,) = cluster.query("SELECT STATUS, COMMENT FROM oceanbase.CDB_OB_RESTORE_HISTORY WHERE TENANT_ID = 1")
    assert tuple(row) == ("SUCCESS", None)
    return cluster.state.tenant_named("back")


def blocks(storage):
    live = storage.blocks.live
    return BitMap64(live), BitMap64(storage.blocks.dirty), storage.identities(live, storage.blocks.epoch)


def test_another_cluster_restores_block_for_block(life):
    (back,) = [restored(life.root, life.uris)]
    assert blocks(back.storage) == blocks(life.storage)
    assert [(t.tablet_id, t.table_name, t.memory_bytes) for t in back.storage.tablets] == [
        (t.tablet_id, t.table_name, t.memory_bytes) for t in life.storage.tablets
    ]


def test_to_a_moment_between_two_sets(tmp_path):
    life = Life(tmp_path)
    life.backup()
    life.change(5)
    scn, then = life.cluster.now_ns, blocks(life.storage)
    life.cluster.advance(minutes=3)
    life.change(7)
    life.backup("INCREMENTAL")
    life.cluster.advance(minutes=3)
    del life.cluster
    back = restored(tmp_path, life.uris, f"UNTIL SCN = {scn}")
    assert blocks(back.storage) == then


def test_accounts_come_back(life):
    life.run("CREATE USER reader@'10.%' IDENTIFIED BY 'secret'")
    life.run("GRANT SELECT ON shop.* TO reader@'10.%'")
    life.cluster.advance(minutes=5)
    back = restored(life.root, life.uris)
    assert back.users == life.cluster.state.tenant_named("mysql_tenant").users
    assert back.mode == "MYSQL"


def test_a_set_with_its_own_log_needs_no_archive(tmp_path):
    life = Life(tmp_path)
    life.change(5)
    life.run("ALTER SYSTEM BACKUP DATABASE PLUS ARCHIVELOG")
    life.cluster.run_until_idle()
    found = files(tmp_path / "data/backup_set_1_full/complement_log")
    assert "format.obbak" in found
    assert any(name.endswith("logstream_1001/log/1.obarc") for name in found)
    back = restored(tmp_path, life.uris[:1])
    assert blocks(back.storage) == blocks(life.storage)
    (window,) = inspect_destinations(life.uris[:1]).windows
    (row,) = life.run(SETS)
    assert window["FIRST_SCN"] == window["LAST_SCN"] == row["MIN_RESTORE_SCN"]


def test_what_a_second_process_reads_is_what_the_views_show(life):
    report = inspect_destinations(life.uris)
    for row, shown in zip(report.sets, life.run(SETS), strict=True):
        assert {name: row[name] for name in row if name in shown.keys()} == {  # noqa: SIM118 - a Row is no dict
            name: shown[name].strftime("%Y-%m-%d %H:%M:%S.%f") if hasattr(shown[name], "strftime") else shown[name]
            for name in row
            if name in shown.keys()  # noqa: SIM118
        }
        assert (row["CHAIN"], row["CHECK"]) == ("whole", "ok")
    for row, shown in zip(report.pieces, life.run(PIECES), strict=True):
        wanted = ("DEST_ID", "ROUND_ID", "PIECE_ID", "START_SCN", "END_SCN", "CHECKPOINT_SCN", "INPUT_BYTES", "STATUS")
        assert [row[name] for name in wanted] == [shown[name] for name in wanted]
    assert [(w["FIRST_SCN"], w["LAST_SCN"]) for w in report.windows] == [
        tuple(row) for row in life.cluster.query(WINDOWS)
    ]
    assert not report.damaged


def test_every_damaged_file_is_found(life):
    names = [name for name in files(life.root / "data") if name.startswith("backup_set_2_inc/")]
    for name in names:
        path = life.root / "data" / name
        kept = path.read_bytes()
        for spoilt in (kept[:-1] + bytes([kept[-1] ^ 1]), kept[:10], b""):
            path.write_bytes(spoilt)
            report = inspect_destinations(life.uris)
            assert report.damaged, name
            assert report.sets[1]["CHECK"] != "ok"
        path.write_bytes(kept)
    assert not inspect_destinations(life.uris).damaged


def test_a_damaged_set_is_not_restored_from(life):
    (path,) = (life.root / "data/backup_set_2_inc").glob("logstream_1001/major*/macro_block_data.0.obbak")
    path.unlink()
    report = inspect_destinations(life.uris)
    assert [row["CHAIN"] for row in report.sets] == ["whole", "unusable", "set 2 is unusable"]
    assert "is missing" in str(report.sets[1]["CHECK"])
    back = restored(life.root, life.uris)  # from the full set and all of the log
    assert blocks(back.storage) == blocks(life.storage)


def test_two_data_destinations_and_none(life):
    cluster = Cluster("blank", file_root=life.root)
    unit = cluster.query("SELECT NAME FROM oceanbase.DBA_OB_UNIT_CONFIGS")[0][0]
    cluster.execute(NEW_POOL.format(unit=unit))
    for uris, errno in [
        (life.uris[:1] * 2, 1235), (life.uris[1:], 4018), ([f"file://{life.root}/none"], 9080), (["file:///etc"], 9071),
    ]:  # fmt: skip
        with pytest.raises(ServerError) as refused:
            cluster.execute(f"ALTER SYSTEM RESTORE x FROM '{','.join(uris)}' WITH 'pool_list=pool_back'")
        assert refused.value.errno == errno


def test_the_pieces_that_a_cleanup_deletes_go(life):
    life.backup()
    life.run("ALTER SYSTEM ADD DELETE BACKUP POLICY 'default' RECOVERY_WINDOW = '1d'")
    life.cluster.advance(days=1, hours=3)
    found = read_destination(parse_uri(life.uris[1]), FileRoot(life.root).store(f"{life.root}/arch"))
    assert found is not None
    kept = [row["PIECE_ID"] for row in life.run(PIECES) if row["FILE_STATUS"] == "AVAILABLE"]
    assert [piece.piece_id for piece in found.pieces] == kept
    assert len(kept) < len(life.run(PIECES))
    assert not inspect_destinations(life.uris).damaged


def test_inspect_prints_tables_or_json(life):
    report = inspect_destinations(life.uris)
    tables = report.as_tsv().split("\n\n")
    assert [table.partition("\t")[0] for table in tables] == ["PATH", "BACKUP_SET_ID", "DEST_ID", "FIRST_SCN"]
    assert tables[1].splitlines()[1].split("\t")[:4] == ["1", "FULL", "SUCCESS", "AVAILABLE"]
    assert json.loads(report.as_json())["sets"] == report.sets


def test_a_piece_holds_what_its_row_says_whatever_lies_there_besides(life):
    """Log files are written before the row: what the row does not know yet, or no more, is no part of the piece."""
    found = read_destination(parse_uri(life.uris[1]), FileRoot(life.root).store(f"{life.root}/arch"))
    (path,) = (life.root / "arch" / found.pieces[-1].directory).glob("file_info.*")
    before = path.read_bytes()
    life.change(5)
    newer = read_destination(parse_uri(life.uris[1]), FileRoot(life.root).store(f"{life.root}/arch"))
    path.write_bytes(before)
    log = path.parent / "logstream_1001/log"
    (log / "2.obarc").write_bytes((log / "1.obarc").read_bytes())
    older = read_destination(parse_uri(life.uris[1]), FileRoot(life.root).store(f"{life.root}/arch"))
    assert len(newer.pieces[-1].log) > len(found.pieces[-1].log)
    assert (older.pieces[-1].log, older.pieces[-1].broken) == (found.pieces[-1].log, [])

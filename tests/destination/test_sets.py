"""Sets that are written for real: what is in their files, and what happens when a destination fails them."""

import errno
import os
from zlib import crc32

import pytest
from pyroaring import BitMap64

from obsim import Cluster, ServerError
from obsim.backup.files import BLOCK_BYTES, FILE_HEADER_BYTES
from obsim.destination.blocks import decode_positions
from obsim.destination.envelope import Kind
from obsim.destination.records import DataRecord, SetInfo, SetInfos, read_record

SETS = "SELECT * FROM oceanbase.DBA_OB_BACKUP_SET_FILES ORDER BY BACKUP_SET_ID"


@pytest.fixture
def cluster(tmp_path):
    cluster = Cluster(file_root=tmp_path)
    cluster.execute(f"ALTER SYSTEM SET data_backup_dest = 'file://{tmp_path}/data'", tenant="mysql_tenant")
    return cluster


def backup(cluster, kind="BACKUP DATABASE"):
    """The row of the new set."""
    cluster.execute(f"ALTER SYSTEM {kind}", tenant="mysql_tenant")
    cluster.run_until_idle()
    return cluster.query(SETS, tenant="mysql_tenant")[-1]


def job(cluster):
    return cluster.query("SELECT * FROM oceanbase.DBA_OB_BACKUP_JOB_HISTORY ORDER BY JOB_ID", tenant="mysql_tenant")[-1]


def info_of(directory):
    return read_record(Kind.SET_INFO, SetInfo, (directory / "single_backup_set_info.obbak").read_bytes())


def test_the_row_of_a_set_is_that_of_the_views(cluster, tmp_path):
    cluster.execute("SET ENCRYPTION ON IDENTIFIED BY 'x' ONLY", tenant="mysql_tenant")
    row = backup(cluster)
    written = info_of(tmp_path / "data/backup_set_1_full").row
    for column, field in {
        "BACKUP_SET_ID": "backup_set_id", "DEST_ID": "dest_id", "BACKUP_TYPE": "backup_type", "STATUS": "status",
        "FILE_STATUS": "file_status", "START_REPLAY_SCN": "start_replay_scn", "MIN_RESTORE_SCN": "min_restore_scn",
        "INPUT_BYTES": "input_bytes", "OUTPUT_BYTES": "output_bytes", "MACRO_BLOCK_COUNT": "macro_block_count",
        "TABLET_COUNT": "tablet_count", "PATH": "path", "ENCRYPTION_MODE": "encryption_mode",
        "TENANT_COMPATIBLE": "tenant_compatible", "CLUSTER_VERSION": "cluster_version", "RESULT": "result",
    }.items():  # fmt: skip
        assert getattr(written, field) == row[column], column
    assert (written.status, written.file_status, written.path) == ("SUCCESS", "AVAILABLE", f"file://{tmp_path}/data")


def test_data_files_hold_the_blocks_and_rows_say_how_large_they_are(cluster, tmp_path):
    backup(cluster)
    cluster.write("mysql_tenant", "t1", 7)
    cluster.execute("ALTER SYSTEM MAJOR FREEZE", tenant="mysql_tenant")
    backup(cluster, "BACKUP INCREMENTAL DATABASE")
    tenant = cluster.state.tenant_named("mysql_tenant")
    for backup_set in tenant.backup.sets.values():
        kind = "full" if backup_set.backup_set_id == 1 else "inc"
        directory = tmp_path / f"data/backup_set_{backup_set.backup_set_id}_{kind}"
        info, held = info_of(directory), BitMap64()
        for record in info.directories:
            for file in record.files:
                where = directory / f"logstream_{record.log_stream_id}/{record.data_type}_turn_1_retry_0"
                stored = (where / f"macro_block_data.{file.file_id}.obbak").read_bytes()
                data = read_record(Kind.DATA, DataRecord, stored)
                found = [decode_positions(group.positions) for group in data.groups]
                assert file.modelled_bytes == FILE_HEADER_BYTES + file.block_count * BLOCK_BYTES
                assert file.block_count == data.block_count == sum(map(len, found))
                held |= BitMap64.union(*found)
                for group, positions in zip(data.groups, found, strict=True):
                    blocks = tenant.storage.identities(positions, backup_set.epoch).values()
                    assert {block.logic_version for block in blocks} == {group.logic_version}
        assert held == backup_set.copied
    assert len(held) == 7


def test_every_file_is_counted_in_the_row(cluster, tmp_path):
    backup(cluster)
    directory = tmp_path / "data/backup_set_1_full"
    counted = {sum_.name: (sum_.stored_bytes, sum_.crc) for sum_ in info_of(directory).files}
    found = {
        p.relative_to(directory).as_posix(): (p.stat().st_size, crc32(p.read_bytes()))
        for p in directory.rglob("*")
        if p.is_file()
    }
    later = {name for name in found if name.startswith(("single_", "backup_set_"))}
    assert counted == {name: what for name, what in found.items() if name not in later}
    assert len(later) == 2


def test_all_rows_so_far(cluster, tmp_path):
    for _ in range(3):
        backup(cluster)
    data = (tmp_path / "data/backup_set_3_full/tenant_backup_set_infos.obbak").read_bytes()
    assert [row.backup_set_id for row in read_record(Kind.SET_INFOS, SetInfos, data).rows] == [1, 2, 3]


def test_a_failed_set_says_so(cluster, tmp_path):
    cluster.fault("error=9082 stage=BACKUP_DATA_MAJOR times=1")
    assert backup(cluster)["STATUS"] == "FAILED"
    names = sorted(p.name.rpartition("_")[0] for p in (tmp_path / "data/backup_sets").iterdir())
    assert names == ["backup_set_1_full", "backup_set_1_full_end_failed"]
    row = info_of(tmp_path / "data/backup_set_1_full").row
    assert (row.status, row.file_status, row.result) == ("FAILED", "INCOMPLETE", -9082)


@pytest.mark.parametrize(("number", "result"), [(errno.ENOSPC, -9082), (errno.EACCES, -9071), (errno.EIO, -9070)])
def test_a_medium_that_fails_while_a_set_is_written(cluster, monkeypatch, number, result):
    real = os.rename

    def refuse(source, *args, **kwargs):
        if source.startswith("single_backup_set_info"):
            raise OSError(number, os.strerror(number))
        return real(source, *args, **kwargs)

    monkeypatch.setattr(os, "rename", refuse)
    row = backup(cluster)
    assert (row["STATUS"], row["FILE_STATUS"], row["RESULT"]) == ("FAILED", "INCOMPLETE", result)
    assert row["START_REPLAY_SCN"] == 0
    assert (job(cluster)["STATUS"], job(cluster)["RESULT"]) == ("FAILED", result)
    monkeypatch.undo()
    assert backup(cluster, "BACKUP INCREMENTAL DATABASE")["BACKUP_TYPE"] == "FULL"


def test_a_format_file_that_went_or_changed(cluster, tmp_path):
    form = tmp_path / "data/format.obbak"
    kept = form.read_bytes()
    form.unlink()
    cluster.execute("ALTER SYSTEM BACKUP DATABASE", tenant="mysql_tenant")
    cluster.run_until_idle()
    assert job(cluster)["RESULT"] == -9080
    cluster.execute(f"ALTER SYSTEM SET data_backup_dest = 'file://{tmp_path}/theirs'", tenant="oracle_tenant")
    form.write_bytes((tmp_path / "theirs/format.obbak").read_bytes())
    cluster.execute("ALTER SYSTEM BACKUP DATABASE", tenant="mysql_tenant")
    cluster.run_until_idle()
    assert job(cluster)["RESULT"] == -9081
    form.write_bytes(kept[:-1] + b"?")
    cluster.execute("ALTER SYSTEM BACKUP DATABASE", tenant="mysql_tenant")
    cluster.run_until_idle()
    assert job(cluster)["RESULT"] == -9081
    form.write_bytes(kept)
    assert backup(cluster)["STATUS"] == "SUCCESS"


def refusal(cluster, text, tenant="mysql_tenant"):
    with pytest.raises(ServerError) as refused:
        cluster.execute(f"ALTER SYSTEM SET {text}", tenant=tenant)
    return refused.value.errno


def test_destinations_that_a_statement_cannot_have(cluster, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full/something").write_bytes(b"")
    (tmp_path / "link").symlink_to("/tmp")
    assert refusal(cluster, f"data_backup_dest = 'file://{tmp_path}/full'") == 9080
    assert refusal(cluster, f"data_backup_dest = 'file://{tmp_path}/data'", "oracle_tenant") == 9081
    assert refusal(cluster, f"log_archive_dest_1 = 'LOCATION=file://{tmp_path}/data'") == 9081
    assert refusal(cluster, f"data_backup_dest = 'file://{tmp_path}/link/x'") == 9071
    assert refusal(cluster, f"data_backup_dest = 'file://{tmp_path}/../x'") == 9071
    assert refusal(cluster, "data_backup_dest = 'file:///elsewhere'") == 9071
    another = Cluster(file_root=tmp_path)  # not the cluster that wrote there, though it has the same numbers
    assert refusal(another, f"data_backup_dest = 'file://{tmp_path}/data'") == 9081


def test_the_same_directory_set_again_and_emptied_by_hand(cluster, tmp_path):
    backup(cluster)
    tenant = cluster.state.tenant_named("mysql_tenant")
    known = tenant.backup.dest_id
    again = f"ALTER SYSTEM SET data_backup_dest = 'file://{tmp_path}/data'"
    cluster.execute(again, tenant="mysql_tenant")
    assert tenant.backup.dest_id == known
    cluster.execute(f"CALL obsim.empty_destination('file://{tmp_path}/data')")
    assert list((tmp_path / "data").iterdir()) == []
    cluster.execute(again, tenant="mysql_tenant")
    assert tenant.backup.dest_id == known + 1
    assert [s.file_status.value for s in tenant.backup.sets.values()] == ["DELETED"]
    assert backup(cluster, "BACKUP INCREMENTAL DATABASE")["BACKUP_TYPE"] == "FULL"


def test_what_a_scenario_names_stays_in_memory(tmp_path):
    cluster = Cluster(file_root=tmp_path)
    assert backup(cluster)["STATUS"] == "SUCCESS"
    assert list(tmp_path.iterdir()) == []


def test_in_memory_the_formats_are_compared_too():
    cluster = Cluster()
    mine, theirs = "file:///data/backup/mysql_tenant/data", "file:///data/backup/oracle_tenant/data"
    assert refusal(cluster, f"data_backup_dest = '{theirs}'") == 9081
    assert refusal(cluster, f"log_archive_dest_1 = 'LOCATION={mine}'") == 9081
    cluster.execute(f"ALTER SYSTEM SET data_backup_dest = '{mine}'", tenant="mysql_tenant")


def test_a_cleanup_removes_the_directories(cluster, tmp_path):
    for _ in range(3):
        backup(cluster)
        cluster.advance(days=1)
    cluster.execute("ALTER SYSTEM ADD DELETE BACKUP POLICY 'default' RECOVERY_WINDOW = '1d'", tenant="mysql_tenant")
    cluster.advance(hours=2)
    kept = [s.backup_set_id for s in cluster.state.tenant_named("mysql_tenant").backup.sets.values() if s.usable]
    assert 0 < len(kept) < 3
    found = sorted(p.name for p in (tmp_path / "data").glob("backup_set_*"))
    assert found == [f"backup_set_{i}_full" for i in kept]
    assert len(list((tmp_path / "data/backup_sets").iterdir())) == 2 * len(kept)

"""Tree and names of a file destination, for each version, against the lists of the reference (engine.md 6.1, 6.2).

A list has a line for each file, `<..>` for what varies: an id, a moment, an SCN, the number of a file. What the lists
call `same` is written out.
"""

import re
from functools import partial
from pathlib import Path

import pytest

from obsim import Cluster
from obsim.versions import PROFILES

INDEXES = ("macro_range_index", "meta_index", "sec_meta_index")
VARIES = {"id": r"\d+", "moment": r"\d{8}T\d{6}", "scn": r"\d{19}", "type": "(?:full|inc)", "n": r"\d+"}

ROOT = ["format", "check_file/<id>_connect_file_<moment>"]
SETS = ["backup_sets/backup_set_<id>_<type>_start"]
ENDS = [f"backup_sets/backup_set_<id>_<type>_end_{end}_<moment>" for end in ("success", "failed")]
TOP = ["backup_set_<id>_<type>_<moment>_<moment>", "single_backup_set_info", "tenant_backup_set_infos"]
INFOS = ["diagnose_info", "locality_info", "meta_info/ls_attr_info.<n>", "meta_info/ls_meta_infos"]
NEWER = ["meta_info/root_key", "table_list/table_list_meta_info.<scn>", "table_list/table_list.<scn>.<n>"]
STREAM = ["meta_info_turn_<n>_retry_<n>/ls_meta_info", "meta_info_turn_<n>_retry_<n>/tablet_info.<n>"]
FUSED_STREAM = ["fused_meta_info_turn_<n>_retry_<n>/tablet_info.<n>"]
ROUNDS = ["rounds/round_d<id>r<id>_start", "rounds/round_d<id>r<id>_end"]
PIECES = ["pieces/piece_d<id>r<id>p<id>_start_<moment>", "pieces/piece_d<id>r<id>p<id>_end_<moment>"]
PIECE = [
    "piece_d<id>r<id>p<id>_<moment>_<moment>", "checkpoint/checkpoint.<scn>", "checkpoint/checkpoint_info.<n>",
    "single_piece_info", "tenant_archive_piece_infos", "file_info", "logstream_<id>/file_info",
    "logstream_<id>/log/<n>", "logstream_1/schema_meta/<scn>",
]  # fmt: skip


def turns(word: str, stems: list[str]) -> list[str]:
    directory = f"{word}_info_turn_<n>"
    return [f"{directory}/tablet_log_stream_info", *(f"{directory}/tenant_{s}_{i}.<n>" for s in stems for i in INDEXES)]


def data(word: str, *, empty: bool = False) -> list[str]:
    directory = f"{word}_turn_<n>_retry_<n>"
    return [f"{directory}/{i}" for i in INDEXES] + ([] if empty else [f"{directory}/macro_block_data.<n>"])


PLAIN = INFOS + turns("data", ["minor_data", "major_data"])
SPLIT = INFOS + NEWER + turns("minor_data", ["minor_data"]) + turns("major_data", ["major_data"])
FUSED = INFOS + NEWER + turns("user_data", ["user_data"])
TYPES = {"plain": ("minor_data", "major_data"), "split": ("minor_data", "major_data"), "fused": ("user_data",)}
BY_VERSION = {
    "4.0.0": ("", PLAIN, "plain"),
    "4.1.0": ("", PLAIN, "plain"),
    "4.2.1": (".obbak", SPLIT, "split"),
    "4.2.5": (".obbak", [*SPLIT, "tenant_parameter"], "split"),
    "4.3.3": (".obbak", FUSED, "fused"),
}


def expected(version: str) -> set[str]:
    """The lines of a data destination, suffix and all."""
    suffix, infos, tree = BY_VERSION[version]
    one_set = [*TOP, *(f"infos/{name}" for name in infos)]
    streams = [*STREAM, *data("sys_data", empty=True), *(FUSED_STREAM if tree == "fused" else ())]
    for word in TYPES[tree]:
        streams += data(word)
    one_set += [f"logstream_<id>/{name}" for name in streams]
    lines = [*ROOT, *SETS, *ENDS, *(f"backup_set_<id>_<type>/{name}" for name in one_set)]
    return {line + suffix for line in lines}


def archived(version: str) -> set[str]:
    """The lines of rounds and pieces, suffix and all."""
    suffix = ".obarc" if BY_VERSION[version][0] else ""
    return {line + suffix for line in (*PIECES, *(f"piece_d<id>r<id>p<id>/{name}" for name in PIECE))}


def pattern(line: str) -> re.Pattern[str]:
    parts = [part for part in re.split(r"(<\w+>)", line) if part]
    return re.compile("".join(VARIES[part[1:-1]] if part[0] == "<" else re.escape(part) for part in parts))


def files(directory: Path) -> list[str]:
    return sorted(p.relative_to(directory).as_posix() for p in directory.rglob("*") if p.is_file())


def compare(found: list[str], lines: set[str]) -> None:
    """Every file fits a line, and every line a file."""
    patterns = {line: pattern(line) for line in lines}
    unknown = [name for name in found if not any(p.fullmatch(name) for p in patterns.values())]
    missing = [line for line, p in patterns.items() if not any(p.fullmatch(name) for name in found)]
    assert (unknown, missing) == ([], [])


def test_every_profile_is_compared():
    assert set(BY_VERSION) == set(PROFILES)


@pytest.mark.parametrize("version", BY_VERSION)
def test_a_data_destination(version, tmp_path):
    cluster = Cluster(version=version, file_root=tmp_path)
    cluster.execute(f"ALTER SYSTEM SET data_backup_dest = 'file://{tmp_path}/data'", tenant="mysql_tenant")
    cluster.write("mysql_tenant", "t1", 5, "append")
    cluster.execute("ALTER SYSTEM MINOR FREEZE", tenant="mysql_tenant")
    for statement in ("BACKUP DATABASE", "BACKUP INCREMENTAL DATABASE"):
        cluster.execute(f"ALTER SYSTEM {statement}", tenant="mysql_tenant")
        cluster.run_until_idle()
    cluster.fault("error=9082 stage=BACKUP_DATA_MAJOR times=1")
    cluster.execute("ALTER SYSTEM BACKUP DATABASE", tenant="mysql_tenant")
    cluster.run_until_idle()
    found = files(tmp_path / "data")
    compare(found, expected(version))
    suffix = BY_VERSION[version][0]
    assert f"backup_set_1_full/single_backup_set_info{suffix}" in found
    assert f"backup_sets/backup_set_2_inc_start{suffix}" in found


@pytest.mark.parametrize("version", BY_VERSION)
def test_an_archive_destination(version, tmp_path):
    """Two pieces of a round that has stopped, one of another that goes on; one checkpoint in each."""
    cluster = Cluster(version=version, file_root=tmp_path)
    run = partial(cluster.execute, tenant="mysql_tenant")
    run("ALTER SYSTEM NOARCHIVELOG")
    cluster.advance(seconds=5)
    run(f"ALTER SYSTEM SET log_archive_dest = 'LOCATION=file://{tmp_path}/arch PIECE_SWITCH_INTERVAL=1d'")
    run("ALTER SYSTEM ARCHIVELOG")
    cluster.advance(days=1, hours=2)
    run("ALTER SYSTEM NOARCHIVELOG")
    cluster.advance(minutes=1)
    run("ALTER SYSTEM ARCHIVELOG")
    cluster.advance(minutes=5)
    suffix = BY_VERSION[version][0]
    lines = {line + suffix for line in ROOT} | {line + (suffix and ".obarc") for line in ROUNDS} | archived(version)
    found = files(tmp_path / "arch")
    compare(found, lines)
    assert f"format{suffix}" in found
    directories = sorted(path.name for path in (tmp_path / "arch").glob("piece_*"))
    assert directories == ["piece_d1003r2p2", "piece_d1003r2p3", "piece_d1003r3p4"]
    checkpoints = [name.partition("/")[0] for name in found if "/checkpoint/checkpoint." in name]
    assert sorted(checkpoints) == directories  # one a piece: the one before goes
    assert not [name for name in found if name.startswith("piece_d1003r3p4/single_piece_info")]  # it is not frozen


@pytest.mark.parametrize("version", [version for version in BY_VERSION if version != "4.0.0"])
def test_the_log_in_a_set(version, tmp_path):
    """With PLUS ARCHIVELOG: an archive layout with its own format file, and no rounds."""
    cluster = Cluster(version=version, file_root=tmp_path)
    cluster.execute(f"ALTER SYSTEM SET data_backup_dest = 'file://{tmp_path}/data'", tenant="mysql_tenant")
    cluster.execute("ALTER SYSTEM BACKUP DATABASE PLUS ARCHIVELOG", tenant="mysql_tenant")
    cluster.run_until_idle()
    lines = archived(version) | {f"format{BY_VERSION[version][0]}"}
    compare(files(tmp_path / "data/backup_set_1_full/complement_log"), lines)


def test_the_comparison_can_fail():
    lines = {"format.obbak", "a/<id>.obbak"}
    compare(["a/1.obbak", "format.obbak"], lines)
    for wrong in (["a/1.obbak"], ["a/x.obbak", "format.obbak"], ["a/1.obbak", "format.obbak", "more"]):
        with pytest.raises(AssertionError):
            compare(wrong, lines)

"""Tree and names of a file destination, for each version, against the lists of the reference (engine.md 6.1, 6.2).

A list has a line for each file, `<..>` for what varies: an id, a moment, an SCN, the number of a file. What the lists
call `same` is written out.
"""

import re
from pathlib import Path

import pytest

from obsim import Cluster
from obsim.versions import PROFILES

INDEXES = ("macro_range_index", "meta_index", "sec_meta_index")
VARIES = {"id": r"\d+", "moment": r"\d{8}T\d{6}", "scn": r"\d{19}", "type": "(?:full|inc)", "n": r"\d+"}

ROOT = ["format", "check_file/<id>_connect_file_<moment>"]
SETS = ["backup_sets/backup_set_<id>_<type>_start", "backup_sets/backup_set_<id>_<type>_end_success_<moment>"]
TOP = ["backup_set_<id>_<type>_<moment>_<moment>", "single_backup_set_info", "tenant_backup_set_infos"]
INFOS = ["diagnose_info", "locality_info", "meta_info/ls_attr_info.<n>", "meta_info/ls_meta_infos"]
NEWER = ["meta_info/root_key", "table_list/table_list_meta_info.<scn>", "table_list/table_list.<scn>.<n>"]
STREAM = ["meta_info_turn_<n>_retry_<n>/ls_meta_info", "meta_info_turn_<n>_retry_<n>/tablet_info.<n>"]


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
    streams = [*STREAM, *data("sys_data", empty=True)]
    for word in TYPES[tree]:
        streams += data(word)
    one_set += [f"logstream_<id>/{name}" for name in streams]
    lines = [*ROOT, *SETS, *(f"backup_set_<id>_<type>/{name}" for name in one_set)]
    return {line + suffix for line in lines}


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
    found = files(tmp_path / "data")
    compare(found, expected(version))
    suffix = BY_VERSION[version][0]
    assert f"backup_set_1_full/single_backup_set_info{suffix}" in found
    assert f"backup_sets/backup_set_2_inc_start{suffix}" in found


def test_the_comparison_can_fail():
    lines = {"format.obbak", "a/<id>.obbak"}
    compare(["a/1.obbak", "format.obbak"], lines)
    for wrong in (["a/1.obbak"], ["a/x.obbak", "format.obbak"], ["a/1.obbak", "format.obbak", "more"]):
        with pytest.raises(AssertionError):
            compare(wrong, lines)

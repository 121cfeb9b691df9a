"""A tenant's data version changes, or the cluster is being upgraded (engine.md 2.4, statements.md)."""

import pytest

from obsim.versions import PROFILES, VersionChange

SYS, MYSQL, ORACLE = 1, 1002, 1004
OLD, NEW = ("4.0.0", "4.1.0", "4.2.1"), ("4.2.5", "4.3.3")
UPGRADING = "ERROR 9040 (HY000): backup can not start, because cluster upgrading"


def upgrade(bench, version="4.9.9.9"):
    assert bench.set("compatible", version, "mysql_tenant") == ""


@pytest.mark.parametrize("version", OLD)
def test_an_increment_over_versions_becomes_full(make_bench, version):
    bench = make_bench(version)
    first = bench.full_cycle(incremental=False)
    upgrade(bench)
    second = bench.full_cycle()
    third = bench.full_cycle()
    assert (first.tenant_compatible, second.tenant_compatible) == (f"{version}.0", "4.9.9.9")
    assert (second.backup_type, second.prev_full_id, second.prev_inc_id) == ("FULL", 0, 0)
    assert (third.backup_type, third.prev_inc_id, third.base_id) == ("INC", 2, 2)


@pytest.mark.parametrize("version", NEW)
def test_an_increment_over_versions_is_refused(make_bench, version):
    bench = make_bench(version)
    bench.full_cycle(incremental=False)
    upgrade(bench)
    assert bench.backup(MYSQL, incremental=True) == (
        "ERROR 9040 (HY000): backup can not start, because cross compatible incremental backup is not supported, "
        f"previous backup set compatible is {version}.0, current compatible is 4.9.9.9"
    )
    assert list(bench.tenant().backup.sets) == [1]
    assert bench.full_cycle(incremental=False).backup_type == "FULL"
    assert bench.full_cycle().prev_inc_id == 2


@pytest.mark.parametrize("version", NEW)
def test_a_tenant_that_is_refused_fails_the_parent(make_bench, version):
    bench = make_bench(version)
    bench.backup(SYS)
    bench.idle()
    upgrade(bench)
    assert bench.backup(SYS, incremental=True) == ""
    bench.idle()
    parent = bench.tenant(SYS).backup.job_history[-1]
    assert (parent.status.value, parent.result) == ("FAILED", -9040)
    assert len(bench.tenant(MYSQL).backup.job_history) == 1
    assert bench.tenant(ORACLE).backup.sets[2].backup_type == "INC"


@pytest.mark.parametrize("version", PROFILES)
def test_without_a_set_there_is_nothing_to_cross(make_bench, version):
    bench = make_bench(version)
    upgrade(bench)
    assert bench.full_cycle().backup_type == "FULL"


@pytest.mark.parametrize("version", PROFILES)
@pytest.mark.parametrize("ms", [500, 3_000, 9_600])
def test_an_upgrade_while_it_runs_fails_the_backup(make_bench, version, ms):
    bench = make_bench(version)
    bench.backup(MYSQL)
    bench.at(ms)
    upgrade(bench)
    bench.idle()
    job = bench.tenant().backup.job_history[0]
    assert (job.status.value, job.result) == ("FAILED", -4143)
    assert bench.tenant().backup.sets[1].tenant_compatible == f"{version}.0"


@pytest.mark.parametrize(("version", "answer"), [*((v, "") for v in OLD), *((v, UPGRADING) for v in NEW)])
def test_upgrade_mode(make_bench, version, answer):
    bench = make_bench(version)
    assert bench.set("enable_upgrade_mode", "True") == ""
    assert bench.backup(MYSQL) == answer
    bench.idle()
    assert bench.backup(SYS) == ""
    bench.idle()
    parent = bench.tenant(SYS).backup.job_history[0]
    assert (parent.status.value, parent.result) == (("FAILED", -9040) if answer else ("COMPLETED", 0))
    assert bench.set("enable_upgrade_mode", "False") == ""
    assert bench.backup(MYSQL) == ""


@pytest.mark.parametrize(("version", "result"), [*((v, 0) for v in OLD), *((v, -9040) for v in NEW)])
def test_upgrade_mode_while_a_backup_runs(make_bench, version, result):
    bench = make_bench(version)
    bench.backup(MYSQL)
    bench.at(3_000)
    assert bench.set("enable_upgrade_mode", "True") == ""
    bench.idle()
    assert bench.tenant().backup.job_history[0].result == result


def test_profiles_say_which():
    assert {v: p.on_version_change for v, p in PROFILES.items()} == {
        **dict.fromkeys(OLD, VersionChange.CONVERT), **dict.fromkeys(NEW, VersionChange.REFUSE),
    }  # fmt: skip

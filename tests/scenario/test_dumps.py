"""The dump of a cluster loads again to the same views, and to the same future."""

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import obsim
from obsim.cli import app
from obsim.errors import ScenarioError
from obsim.scenario import kinds
from tests.whole import STEPS, play, views

EXAMPLES = int(os.environ.get("OBSIM_EXAMPLES", "2"))
PLAIN = settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
def without_digests(rows):
    """Of the views of accounts everything but what passwords were made into."""
    return rows | {name: [row[:3] for row in rows[name]] for name in rows if name.endswith("OB_USERS")}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dumps")

    def load(cluster, **options):
        file = folder / "dump.toml"
        file.write_text(cluster.dump())
        return obsim.Cluster(str(file), **options)

    return load


@PLAIN
@given(before=STEPS, after=STEPS, version=st.sampled_from(["4.0.0", "4.2.1", "4.3.3"]))
def test_a_dump_at_any_moment_has_the_same_views_and_future(loaded, before, after, version):
    cluster = obsim.Cluster("campaign", version=version, seed=3)
    play(cluster, before)
    again = loaded(cluster)
    assert views(again) == views(cluster)
    assert again.dump() == cluster.dump()
    for one in (cluster, again):
        play(one, after)
        one.advance(minutes=5)
    assert views(again) == views(cluster)


def test_the_property_can_fail(loaded, monkeypatch):
    monkeypatch.setitem(kinds.TRANSIENT, "SetTask", ("user_ls_start_scn", int))
    cluster = busy()
    assert views(loaded(cluster)) != views(cluster)


def busy():
    """A cluster with a chain, a policy, accounts, an increment that runs and a fault that has counted."""
    cluster = obsim.Cluster(seed=5)
    for tenant, sql in (
        ("sys", "ALTER SYSTEM BACKUP DATABASE"),
        ("sys", "CALL obsim.run_until_idle()"),
        ("mysql_tenant", "CREATE USER reader IDENTIFIED BY 'geheim'"),
        ("mysql_tenant", "GRANT SELECT ON oceanbase.* TO reader"),
        ("mysql_tenant", "SET GLOBAL ob_query_timeout = 12345678"),
        ("mysql_tenant", "ALTER SYSTEM ADD DELETE BACKUP POLICY 'default' RECOVERY_WINDOW '1d'"),
        ("sys", "ALTER SYSTEM SET ha_low_thread_score = 7 TENANT = mysql_tenant"),
        ("sys", "CALL obsim.fault('error=OB_EAGAIN statement=\"MINOR FREEZE\" times=1')"),
        ("sys", "CALL obsim.write('mysql_tenant', 't1', 20, 'random')"),
        ("sys", "ALTER SYSTEM MAJOR FREEZE"),
        ("sys", "ALTER SYSTEM BACKUP INCREMENTAL DATABASE"),
        ("sys", "CALL obsim.advance('3s')"),
    ):
        cluster.execute(sql, tenant=tenant)
    return cluster


@pytest.fixture(scope="module")
def text():
    return busy().dump()


@pytest.mark.parametrize("scenario", ["three-zones", "slow-storage"])
def test_scenarios_come_back(loaded, scenario):
    cluster = obsim.Cluster(scenario)
    cluster.execute("ALTER SYSTEM BACKUP DATABASE")
    cluster.advance(seconds=4)
    again = loaded(cluster)
    assert views(again) == views(cluster)
    for one in (cluster, again):
        one.advance(hours=3)
    assert views(again) == views(cluster)


def test_what_is_not_in_a_view_comes_back_too(loaded):
    again = loaded(busy())
    rows = again.query("SHOW GLOBAL VARIABLES LIKE 'ob_query_timeout'", tenant="mysql_tenant")
    assert tuple(rows[0]) == ("ob_query_timeout", "12345678")
    with pytest.raises(obsim.ServerError) as refused:
        again.execute("ALTER SYSTEM MINOR FREEZE")
    assert refused.value.name == "OB_EAGAIN"
    again.execute("ALTER SYSTEM MINOR FREEZE")


def test_reset_returns_to_the_dump(loaded):
    cluster = busy()
    again = loaded(cluster)
    again.run_until_idle()
    again.reset()
    expected = views(cluster)
    expected["obsim.clock"] = views(again)["obsim.clock"]
    assert without_digests(views(again)) == without_digests(expected)


def test_secrets_stay_out_and_the_dump_says_so(loaded):
    cluster = busy()
    cluster.run_until_idle()
    place = "s3://bucket/x?host=h&access_id=me&access_key=marker1"
    cluster.execute(f"ALTER SYSTEM SET data_backup_dest = '{place}' TENANT = mysql_tenant")
    text = cluster.dump()
    assert "marker1" not in text
    assert cluster.state.tenants[1002].users["reader"].password_sha1.hex() not in text
    head = text[: text.index("about = ")].splitlines()
    assert [line for line in head if "LEFT OUT" in line] == [
        "# LEFT OUT: access_key of s3://bucket/x?host=h",
        "# LEFT OUT: password of reader: nobody has it until it is written in",
    ]
    reader = loaded(cluster).state.tenants[1002].users["reader"]
    assert reader.password_sha1 == bytes(20)


def test_over_sql_it_is_one_row():
    cluster = busy()
    rows = cluster.query("CALL obsim.dump()")
    assert [list(row.keys()) for row in rows] == [["DUMP"]]
    assert rows[0]["DUMP"] == cluster.dump()


def test_a_dump_keeps_its_version(loaded):
    cluster = obsim.Cluster(version="4.3.3")
    assert str(loaded(cluster).state.profile.version) == "4.3.3.0"
    with pytest.raises(ScenarioError, match=r":\d+: version is 4\.3\.3\.0: a dump cannot start as 4\.2\.1\.0"):
        loaded(cluster, version="4.2.1")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("format = 1", "format = 9", "format is 9: this obsim reads the dumps of format 1"),
        ('version = "4.2.1.0"', 'version = "5"', "version: '5' is not a version"),
        ('is = "BackupSet"', 'is = "BackupSat"', "there is no class 'BackupSat': allowed are BackupSet"),
        ("backup_set_id = 1\n", "backup_set_no = 1\n", "BackupJob has no such field: allowed are "),
        ('"@FileStatus.AVAILABLE"', '"@FileStatus.GONE"', "there is no FileStatus GONE: allowed are COPYING, "),
        ('"@Outcomes-', '"@Outcome-', "there is no object @Outcome-"),
        ('method = "_fault_of_stage"', 'method = "__init__"', "ClusterState has no method __init__"),
        ("@function:backup.flow.begin_stage", "@function:os.system", "there is no @function:os.system"),
        ("{ tuple = [", "{ triple = [", "is no value: allowed are tuple, dict, "),
        ('positions = "0', 'positions = "9-8,0', "a run ends at 8, before 9"),
        ("is = \"BackupSet\"\ntenant_id = 1002\n", 'is = "BackupSet"\n', "BackupSet lacks tenant_id"),
    ],
)
def test_a_wrong_dump_names_line_and_rule(tmp_path, text, old, new, message):
    assert old in text, old
    file = tmp_path / "dump.toml"
    file.write_text(text.replace(old, new, 1))
    with pytest.raises(ScenarioError) as refused:
        obsim.Cluster(str(file))
    place, _, rest = str(refused.value).removeprefix(f"{file}:").partition(": ")
    assert message in rest
    written = text[: text.index(old)].count("\n") + 1
    assert written - 60 <= int(place) <= written + 1  # the line of the key, whose value may go over many


def test_the_command(tmp_path):
    done = CliRunner().invoke(app, ["scenario", "dump", "encrypted-sets"])
    assert done.exit_code == 0
    file = tmp_path / "d.toml"
    file.write_text(done.output)
    assert views(obsim.Cluster(str(file))) == views(obsim.Cluster("encrypted-sets"))
    with obsim.Server(scenario="fresh-tenant") as server:
        asked = CliRunner().invoke(app, ["scenario", "dump", "--host", server.host, "--port", str(server.port)])
        assert asked.output == server.cluster.dump()


def test_nothing_that_makes_objects_of_bytes_can_be_named():
    assert kinds.class_named("Mould") is None
    assert not [name for name in kinds.class_names() if name.split(".")[-1] in {"Mould", "_Maker"}]
    assert kinds.class_named("TenantStorage") is not None

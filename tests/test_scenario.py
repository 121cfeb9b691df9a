"""Scenario files: the built-in ones, and what is said about a wrong one."""

import re

import pytest

import obsim
from obsim.errors import ScenarioError
from obsim.scenario import DEFAULT_START_NS, build_state, load_scenario, scenario_names
from obsim.versions import IncrementalBase, profile_for

PROFILE = profile_for("4.2.1")


def test_built_in_ones():
    assert {"blank", "campaign", "statements", "three-tenants", "three-zones"} < set(scenario_names())
    assert [t.name for t in load_scenario("three-tenants").tenant] == ["mysql_tenant", "oracle_tenant"]


def test_three_tenants():
    state = build_state(profile=PROFILE)
    assert state.now_ns == DEFAULT_START_NS
    found = {t.name: (t.mode, sorted(t.users), t.backup.path, t.archive.doing) for t in state.user_tenants()}
    assert found == {
        "mysql_tenant": ("MYSQL", ["root"], "file:///data/backup/mysql_tenant/data", True),
        "oracle_tenant": ("ORACLE", ["SYS"], "file:///data/backup/oracle_tenant/data", True),
    }
    tablets = state.tenants[1002].storage.table("t1")
    assert [(t.major_block_count, t.seam_position) for t in tablets] == [(48, None)]
    assert (state.tenants[1002].backup.dest_id, state.tenants[1002].archive.dest_id) == (1002, 1001)


def test_blank_has_nothing_configured():
    state = build_state("blank", profile=PROFILE)
    assert [t.name for t in state.user_tenants()] == ["mysql_tenant", "oracle_tenant"]
    assert all(not t.backup.path and t.archive.round is None and not t.storage.tablets for t in state.user_tenants())


@pytest.mark.parametrize(
    ("version", "base"), [("4.2.1", IncrementalBase.LAST_FULL), ("4.2.5", IncrementalBase.PREVIOUS)]
)
def test_base_rule_is_the_version_s_unless_told(version, base):
    assert build_state(profile=profile_for(version)).options.incremental_base is base
    told = build_state(profile=profile_for(version), incremental_base=IncrementalBase.PREVIOUS)
    assert told.options.incremental_base is IncrementalBase.PREVIOUS


def test_a_file(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(
        'about = "one"\nsys_password = "s"\n[[tenant]]\nname = "a b"\npassword = "p"\n[[tenant.table]]\nname = "t"\n'
        "blocks = [3, 0]\n"
    )
    state = build_state(str(file), profile=PROFILE, seed=4)
    assert state.seed == 4
    tenant = state.tenant_named("a b")
    assert tenant is not None
    assert [t.major_block_count for t in tenant.storage.tablets] == [3, 0]
    assert len(state.sys.users["root"].password_sha1) == 20
    assert tenant.users["root"].password_sha1 != state.sys.users["root"].password_sha1


TENANT = 'about = ""\n[[tenant]]\nname = "a"\n'
ABOUT = 'about = "x"\n'
SERVER = '[[server]]\nip = "10.0.0.1"\nzone = "z1"\n'
UNIT = '[[unit_config]]\nname = "u"\nmemory_size = "{}"\nmax_cpu = {}\n'
POOL = '[[pool]]\nname = "p"\nunit = "{}"\nunit_num = {}\nzones = ["{}"]\n'
WRONG = [
    ("about = ", "Invalid value"),
    ("", "Object missing required field `about`"),
    ('about = ""\ntenants = 3\n', ":2: tenants: Object contains unknown field `tenants`: allowed are about, version, "),
    (
        'about = ""\n\n[[tenant]]\nname = "a"\n[[tenant]]\nname = "b"\n# why\nmod = "mysql"\n',
        ":8: tenant[1].mod: Object contains unknown field `mod` - at `$.tenant[1]`: allowed are name, mode, password, ",
    ),
    ('about = ""\n[clock]\nmode = "fast"\n', ":3: clock.mode is 'fast': allowed are wall, manual, "),
    ('about = ""\nversion = "3.1"\n', ":2: version: "),
    ('about = ""\n[parameters]\nenable_ddl = "x"\n', ":3: parameters.enable_ddl: "),
    (TENANT + "[tenant.parameters]\nhaha = 1\n", ":5: tenant[0].parameters.haha: System config unknown"),
    (TENANT + '[[history]]\nbefore = "1d"\nrun = ["SELECT 1"]\n', ":6: history[0].run[0] is 'SELECT 1': allowed are "),
    (TENANT + '[[history]]\nbefore = "1 day"\nrun = ["x"]\n', ":5: history[0].before is '1 day': write a span as "),
    (TENANT + '[[history]]\nbefore = "1d"\nrun = ["CALL obsim.reset()"]\n', ":6: history[0].run[0] calls 'reset'"),
    (TENANT + '[[history]]\nbefore = "1d"\ntimes = 2\nrun = ["x"]\n', ":6: history[0].times is 2: say how often"),
    (
        TENANT + '[[history]]\nbefore = "1d"\nevery = "1d"\ntimes = 3\nrun = ["x"]\n',
        ":7: history[0].times is 3: the last of them would come after the start",
    ),
    (
        TENANT + '[[history]]\nbefore = "1s"\nrun = [\n"ALTER SYSTEM MINOR FREEZE",\n"CALL obsim.advance(\'1h\')"]\n',
        ":6: history[0].run is not over at the start of the scenario: begin it earlier",
    ),
    (
        TENANT + '[[history]]\ntenant = "b"\nbefore = "1d"\nrun = ["x"]\n',
        ":5: history[0].tenant is 'b': allowed are sys, a",
    ),
    (
        TENANT + '[[history]]\ntenant = "a"\nbefore = "1d"\nrun = ["ALTER SYSTEM BACKUP DATABASE"]\n',
        ":7: history[0].run: ",
    ),
    (TENANT + '[[workload]]\nrun = ["x"]\n', ":4: workload[0].after says when, or every how often: give one of them"),
    (
        TENANT + '[[workload]]\nafter = "1h"\nrun = ["CALL obsim.run_until_idle()"]\n',
        ":6: workload[0].run calls 'run_until_idle': workload cannot move the clock",
    ),
    (ABOUT + 'faults = ["error=1"]\n', ":2: faults[0]: "),
    (TENANT + 'mode = "pg"\n', "tenant[0].mode is 'pg': allowed are mysql, oracle"),
    (TENANT + '[[tenant]]\nname = "a"\n', "tenant[0].name is 'a': names are not empty, not sys and not given twice"),
    ('about = ""\n[[tenant]]\nname = "sys"\n', "tenant[0].name is 'sys'"),
    ('about = ""\n[[tenant]]\nname = ""\n', "tenant[0].name is ''"),
    (
        TENANT + '[[tenant.table]]\nname = "t"\nblocks = [-1]\n',
        ":6: tenant[0].table[0].blocks are numbers from 0 to 2147483648",
    ),
    (TENANT + '[[tenant.table]]\nname = "t"\nblocks = []\n', "tenant[0].table[0] 't'"),
    (
        TENANT + '[[tenant.table]]\nname = "t"\nblocks = "3"\n',
        "Expected `array`, got `str` - at `$.tenant[0].table[0].blocks`",
    ),
    (TENANT + "archivelog = true\n", "tenant[0].archivelog needs log_archive_dest"),
    (TENANT + 'data_backup_dest = "/x"\n', ":4: tenant[0].data_backup_dest: backup destination is not valid"),
    (TENANT + 'log_archive_dest = "file:///x"\n', ":4: tenant[0].log_archive_dest: Not supported feature or function"),
    (
        ABOUT + '[[zone]]\nname = "z1"\n[[zone]]\nname = "z1"\n',
        "zone[1].name is 'z1': names are not empty and not given twice",
    ),
    (ABOUT + '[[zone]]\nname = "z1"\ntype = "x"\n', "zone[0].type is 'x': allowed are ReadWrite, Encryption"),
    (ABOUT + '[[zone]]\nname = "z1"\nregoin = "x"\n', "unknown field `regoin`"),
    (ABOUT + '[[server]]\nip = "10.0.0.1"\nzone = "z2"\n', "server[0].zone is 'z2': allowed are z1"),
    (ABOUT + SERVER + "port = 70000\n", "server[0]: ports are from 1 to 65535"),
    (ABOUT + SERVER + "cpu = 0\n", "server[0]: cpu is from 1 to 4096, memory_gib and log_disk_gib at least 1"),
    (ABOUT + SERVER + SERVER, "server[1].ip is '10.0.0.1': addresses are not empty and not given twice"),
    (ABOUT + '[[zone]]\nname = "z1"\n[[zone]]\nname = "z2"\n' + SERVER, "zone 'z2' has no [[server]]"),
    (ABOUT + UNIT.format("1G", 0.5), "unit_config[0] 'u': "),
    (ABOUT + UNIT.format("512M", 1), "unit_config[0] 'u': "),
    (ABOUT + UNIT.format("2G", 1) + POOL.format("v", 1, "z1"), "pool[0].unit is 'v': allowed are unit_standard, u"),
    (ABOUT + UNIT.format("2G", 1) + POOL.format("u", 1, "z2"), "pool[0].zones is 'z2'"),
    (ABOUT + UNIT.format("2G", 1) + POOL.format("u", 0, "z1"), "pool[0]: unit_num is at least 1"),
    (ABOUT + UNIT.format("2G", 1) + POOL.format("u", 2, "z1"), "resource pool unit num is bigger than zone server"),
    (ABOUT + UNIT.format("300G", 1) + POOL.format("u", 1, "z1"), "resource not enough"),
    (TENANT + 'pools = ["nosuch"]\n', "nosuch"),
    (TENANT + 'locality = "F@z9"\n', ":4: tenant[0].locality: "),
    (TENANT + 'primary_zone = "z9"\n', ":4: tenant[0].primary_zone: "),
]


@pytest.mark.parametrize(("text", "message"), WRONG, ids=[message[:40] for _, message in WRONG])
def test_a_wrong_file_names_itself_and_the_rule(tmp_path, text, message):
    file = tmp_path / "wrong.toml"
    file.write_text(text)
    with pytest.raises(ScenarioError, match=re.escape(message)) as refused:
        build_state(str(file), profile=PROFILE)
    assert str(file) in str(refused.value)


def test_three_zones():
    state = build_state("three-zones", profile=PROFILE)
    assert [(s.address, s.zone) for s in state.resources.servers.values()] == [
        ("10.0.1.1:2882", "z1"), ("10.0.1.2:2882", "z1"), ("10.0.2.1:2882", "z2"), ("10.0.2.2:2882", "z2"),
        ("10.0.3.1:2882", "z3"), ("10.0.3.2:2882", "z3"),
    ]  # fmt: skip
    pools = state.resources.pools.values()
    assert [(p.name, p.zones, p.tenant_id) for p in pools] == [
        ("sys_pool", ("z1", "z2", "z3"), 1), ("pool_shop", ("z1", "z2", "z3"), 1002),
        ("spare", ("z1", "z2", "z3"), None),
    ]  # fmt: skip
    shop = state.tenants[1002]
    assert (shop.primary_zone, [r.zone for r in shop.locality]) == ("z1;z2,z3", ["z1", "z2", "z3"])


def test_a_locked_tenant_in_one_zone_of_two(tmp_path):
    file = tmp_path / "two.toml"
    file.write_text(
        """
        about = "x"
        [[zone]]
        name = "north"
        [[zone]]
        name = "south"
        stopped = true
        [[server]]
        ip = "10.0.0.1"
        zone = "north"
        sql_port = 3306
        memory_gib = 64
        [[server]]
        ip = "10.0.0.2"
        zone = "south"
        [[pool]]
        name = "p"
        zones = ["north"]
        [[tenant]]
        name = "a"
        pools = ["p"]
        locked = true
        """
    )
    state = build_state(str(file), profile=PROFILE)
    first = state.resources.servers["10.0.0.1:2882"]
    assert (first.mysql_port, first.capacity.memory_bytes) == (3306, 64 << 30)
    assert [(z.name, z.status.value) for z in state.resources.zones.values()] == [
        ("north", "ACTIVE"), ("south", "INACTIVE"),
    ]  # fmt: skip
    assert state.tenants[1002].locked
    assert [r.zone for r in state.tenants[1002].locality] == ["north"]


def test_an_unknown_name_lists_the_known(tmp_path):
    with pytest.raises(
        ScenarioError, match="no scenario 'nosuch': give a file or one of archive-gap, blank, broken-chain, campaign, "
    ):
        load_scenario("nosuch")
    with pytest.raises(ScenarioError, match="no scenario"):
        load_scenario(str(tmp_path / "nosuch.toml"))


def test_a_name_cannot_leave_the_folder(tmp_path):
    with pytest.raises(ScenarioError, match="no scenario"):
        load_scenario("..")


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ('[clock]\nstart = "yesterday"', "3: clock.start: 'yesterday' is not a time: write it as '2024-"),
        ('[[server]]\nip = "1.1.1.999"\nzone = "z1"', "3: server[0].ip is '1.1.1.999': it is an address as"),
        ('[[server]]\nip = "10.0.1"\nzone = "z1"', "3: server[0].ip is '10.0.1': it is an address as"),
        ('[[server]]\nip = "10"\nzone = "z1"', "3: server[0].ip is '10': it is an address as"),
        ('[[server]]\nip = "10.0.1.1.1"\nzone = "z1"', "3: server[0].ip is '10.0.1.1.1': it is an address as"),
        ('[[server]]\nip = "10.0.1.1 "\nzone = "z1"', "3: server[0].ip is '10.0.1.1 ': it is an address as"),
        ('[[server]]\nip = "a b"\nzone = "z1"', "3: server[0].ip is 'a b': it is an address as"),
        ('[[tenant]]\nname = "a@b"', "3: tenant[0].name is 'a@b': nobody could log in to a name"),
        ('[[tenant]]\nname = "s"\ndata_backup_dest = "/b"', "4: .*data_backup_dest: .* write it as file:///path or"),
        ('[[tenant]]\nname = "s"\nlog_archive_dest = "/b"', "4: .*log_archive_dest: .* write it as LOCATION=file:"),
        (
            '[[tenant]]\nname = "s"\nparameters = { ha_low_thread_score = 101 }',
            "4: .*_score: Invalid config: allowed is from 0 to 100",
        ),
        (
            '[[tenant]]\nname = "s"\n[[tenant.table]]\nname = "t"\nrows = 9\nrow_bytes = inf',
            "7: .*row_bytes is inf: allowed are",
        ),
        (
            '[[unit_config]]\nname = "u"\nmax_cpu = 1\nmemory_size = "4X"',
            "2: unit_config\\[0\\] 'u': Parse error: sizes are bytes or as '4G'",
        ),
        (
            'faults = ["rows=missing view=DBA_OB_JOBZ"]',
            "2: faults\\[0\\]: .*'DBA_OB_JOBZ' is no view whose rows could be others",
        ),
        ("# caf\xe9", "2: it is not UTF-8: "),
    ],
)  # fmt: skip
def test_mistakes_are_named_with_line_key_and_what_is_allowed(tmp_path, text, wrong):
    path = tmp_path / "wrong.toml"
    path.write_bytes(b'about = "x"\n' + text.encode("latin-1") + b"\n")
    exact = wrong if "*" in wrong or "\\" in wrong else re.escape(wrong)
    with pytest.raises(ScenarioError, match=f"wrong.toml:{exact}"):
        obsim.Cluster(str(path))


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path):
    (tmp_path / "marked.toml").write_bytes(b'\xef\xbb\xbfabout = "x"\n[[tenant]]\nname = "s"\n')
    assert obsim.Cluster(str(tmp_path / "marked.toml")).state.tenant_named("s") is not None

"""Resource units and pools: sizes with their defaults and limits, what uses what, where units find room."""

import pytest

from obsim.cluster.resources import UnitSize

SYS, T1 = 1, 1002
GIB = 1 << 30
UNIT = "CREATE RESOURCE UNIT u9 MAX_CPU 1, MEMORY_SIZE '2G'"
ZONES = "three-zones"
NOT_THERE = "4648 resource unit 'nosuch' not exist"


@pytest.fixture
def zoned(make_state):
    return make_state(scenario=ZONES)


def picture(state) -> object:
    """All there is of configs, pools and units."""
    resources = state.resources
    return (
        {name: config.size for name, config in resources.configs.items()},
        {p.name: (p.pool_id, p.config.name, p.zones, p.unit_count, p.tenant_id) for p in resources.pools.values()},
        {u.unit_id: (u.pool.name, u.zone, u.server.address, u.group_id, u.status) for u in resources.units.values()},
    )


SIZES = [
    ("MAX_CPU 1, MEMORY_SIZE '1G'", UnitSize(1, 1, GIB, 3 * GIB, 10_000, 10_000, 1)),
    ("MAX_CPU 2.5, MIN_CPU 1.5, MEMORY_SIZE '1G'", UnitSize(2.5, 1.5, GIB, 3 * GIB, 15_000, 15_000, 1)),
    ("MAX_CPU 4, MEMORY_SIZE '8G', LOG_DISK_SIZE '2G'", UnitSize(4, 4, 8 * GIB, 2 * GIB, 40_000, 40_000, 4)),
    ("MAX_CPU = 1, MEMORY_SIZE = 1073741824, MAX_IOPS = 2048", UnitSize(1, 1, GIB, 3 * GIB, 2048, 2048, 1)),
    ("MAX_CPU 1, MEMORY_SIZE '1024', MIN_IOPS '2k'", UnitSize(1, 1, GIB, 3 * GIB, 2000, 2000, 1)),
    ("MAX_CPU 1, MEMORY_SIZE '1G', MAX_IOPS 4096, MIN_IOPS 1024", UnitSize(1, 1, GIB, 3 * GIB, 4096, 1024, 1)),
    ("MAX_CPU 3, MEMORY_SIZE '1G', IOPS_WEIGHT 0", UnitSize(3, 3, GIB, 3 * GIB, 30_000, 30_000, 0)),
    ("MEMORY_SIZE '1G', MAX_CPU 2, MAX_CPU 3", UnitSize(3, 3, GIB, 3 * GIB, 30_000, 30_000, 3)),
]


@pytest.mark.parametrize(("options", "size"), SIZES)
def test_a_unit_has_the_sizes_it_was_given_and_the_rest_from_them(state, run, options, size):
    assert run(state, SYS, f"CREATE RESOURCE UNIT u9 {options}") == ""
    assert state.resources.configs["u9"].size == size


REFUSED = [
    ("", "1210 Miss argument for MAX_CPU"),
    ("MEMORY_SIZE '2G'", "1210 Miss argument for MAX_CPU"),
    ("MAX_CPU 1", "1210 Miss argument for MEMORY_SIZE"),
    ("MAX_CPU 0.5, MEMORY_SIZE '2G'", "4659"),
    ("MAX_CPU 2, MIN_CPU 0.5, MEMORY_SIZE '2G'", "4659"),
    ("MAX_CPU 1, MIN_CPU 2, MEMORY_SIZE '2G'", "1210"),
    ("MAX_CPU 1, MEMORY_SIZE '1023M'", "4659"),
    ("MAX_CPU 1, MEMORY_SIZE '2G', LOG_DISK_SIZE '1G'", "4659"),
    ("MAX_CPU 1, MEMORY_SIZE '2G', MAX_IOPS 1023", "4659"),
    ("MAX_CPU 1, MEMORY_SIZE '2G', MIN_IOPS 2048, MAX_IOPS 1024", "1210"),
    ("MAX_CPU 0, MEMORY_SIZE '2G'", "1210"),
    ("MAX_CPU 1, MEMORY_SIZE 1.5", "1210"),
    ("MAX_CPU 1, MEMORY_SIZE '2 apples'", "1064"),
]


@pytest.mark.parametrize(("options", "answer"), REFUSED)
def test_sizes_that_are_no_sizes(state, run, options, answer):
    before = picture(state)
    found = run(state, SYS, f"CREATE RESOURCE UNIT u9 {options}")
    assert found == answer if " " in answer else found.startswith(answer + " ")
    assert picture(state) == before


def test_names_of_units(state, run):
    assert run(state, SYS, UNIT) == ""
    assert run(state, SYS, UNIT).startswith("4649 ")
    assert run(state, SYS, "CREATE RESOURCE UNIT IF NOT EXISTS u9 MAX_CPU 9, MEMORY_SIZE '9G'") == ""
    assert state.resources.configs["u9"].size.max_cpu == 1
    assert run(state, SYS, "ALTER RESOURCE UNIT nosuch MAX_CPU 2") == NOT_THERE
    assert run(state, SYS, "DROP RESOURCE UNIT nosuch") == NOT_THERE
    assert run(state, SYS, "DROP RESOURCE UNIT IF EXISTS nosuch") == ""
    assert run(state, SYS, "DROP RESOURCE UNIT u9") == ""
    assert "u9" not in state.resources.configs


def test_altered_units_grow_where_they_stand(zoned, run):
    assert run(zoned, SYS, "ALTER RESOURCE UNIT small MAX_CPU 4, MEMORY_SIZE '8G'") == ""
    assert zoned.resources.configs["small"].size == UnitSize(4, 2, 8 * GIB, 12 * GIB, 20_000, 20_000, 2)
    before = picture(zoned)
    found = run(zoned, SYS, "ALTER RESOURCE UNIT small MEMORY_SIZE '300G'")
    assert found.startswith("4624 ")
    assert "MEMORY" in found
    assert run(zoned, SYS, "ALTER RESOURCE UNIT small MIN_CPU 5").startswith("1210 ")
    assert run(zoned, SYS, "ALTER RESOURCE UNIT small MEMORY_SIZE '1G'").startswith("1235 ")  # pools use it
    assert picture(zoned) == before


def test_a_unit_config_in_use_stays(zoned, run):
    assert run(zoned, SYS, "DROP RESOURCE UNIT small").startswith("4634 ")
    assert run(zoned, SYS, "DROP RESOURCE POOL pool_shop").startswith("4626 ")
    assert run(zoned, SYS, "DROP RESOURCE POOL spare") == ""
    assert run(zoned, SYS, "DROP RESOURCE POOL spare") == "4650 resource pool 'spare' not exist"
    assert run(zoned, SYS, "DROP RESOURCE POOL IF EXISTS spare") == ""
    assert {unit.pool.name for unit in zoned.resources.units.values()} == {"sys_pool", "pool_shop"}


POOLS = [
    ("UNIT_NUM 1", "1210 "),
    ("UNIT 'small'", "1210 "),
    ("UNIT 'small', UNIT_NUM 0", "1210 "),
    ("UNIT 'nosuch', UNIT_NUM 1", NOT_THERE),
    ("UNIT 'small', UNIT_NUM 1, ZONE_LIST ('z1', 'z9')", "4530 "),
    ("UNIT 'small', UNIT_NUM 1, ZONE_LIST ('z1', 'z1')", "4641 "),
    ("UNIT 'small', UNIT_NUM 3, ZONE_LIST ('z1')", "4656 "),
    ("UNIT 'small', UNIT_NUM 1 DELETE UNIT (5)", "1235 "),
    ("UNIT 'small', UNIT_NUM 1, REPLICA_TYPE 'LOGONLY'", "1235 obsim does not model "),
    ("UNIT 'huge', UNIT_NUM 1", "4733 "),
    ("UNIT 'tiny', UNIT_NUM 1", "1235 "),
]


@pytest.mark.parametrize(("options", "answer"), POOLS)
def test_pools_that_cannot_be(zoned, run, options, answer):
    run(zoned, SYS, "CREATE RESOURCE UNIT huge MAX_CPU 1, MEMORY_SIZE '300G', LOG_DISK_SIZE '2G'")
    run(zoned, SYS, "CREATE RESOURCE UNIT tiny MAX_CPU 1, MEMORY_SIZE '1G'")
    before = picture(zoned)
    assert run(zoned, SYS, f"CREATE RESOURCE POOL p9 {options}").startswith(answer)
    assert picture(zoned) == before


def test_a_pool_has_units_in_every_zone_where_there_are_fewest(zoned, run):
    assert run(zoned, SYS, "CREATE RESOURCE POOL p9 UNIT 'small', UNIT_NUM 2, ZONE_LIST ('z1', 'z3')") == ""
    pool = zoned.resources.pools["p9"]
    places = [unit.server.address for unit in zoned.resources.units_of(pool)]
    assert sorted(places) == ["10.0.1.1:2882", "10.0.1.2:2882", "10.0.3.1:2882", "10.0.3.2:2882"]
    assert run(zoned, SYS, "CREATE RESOURCE POOL p8 UNIT 'small', UNIT_NUM 1, ZONE_LIST ('z2')") == ""
    (unit,) = zoned.resources.units_of(zoned.resources.pools["p8"])
    counts = {s.address: len(zoned.resources.units_on(s)) for s in zoned.resources.servers_in("z2")}
    assert counts[unit.server.address] - 1 <= min(counts.values())
    assert run(zoned, SYS, "CREATE RESOURCE POOL p9 UNIT 'small', UNIT_NUM 1").startswith("4651 ")
    assert run(zoned, SYS, "CREATE RESOURCE POOL IF NOT EXISTS p9 UNIT 'small', UNIT_NUM 1") == ""


def test_the_hard_limit_lets_cpus_be_promised_more_than_once(state, run):
    run(state, SYS, "CREATE RESOURCE UNIT wide MAX_CPU 64, MIN_CPU 1, MEMORY_SIZE '2G'")
    wide = "CREATE RESOURCE POOL {} UNIT 'wide', UNIT_NUM 1"
    assert run(state, SYS, wide.format("w1")).startswith("4733 ")
    assert run(state, SYS, "ALTER SYSTEM SET resource_hard_limit = 250") == ""
    assert run(state, SYS, wide.format("w1")) == ""
    assert run(state, SYS, wide.format("w2")) == ""
    assert run(state, SYS, wide.format("w3")).startswith("4733 ")


def test_a_free_pool_changes_its_unit_its_number_and_its_zones(zoned, run):
    run(zoned, SYS, UNIT)
    resources, pool = zoned.resources, zoned.resources.pools["spare"]
    assert run(zoned, SYS, "ALTER RESOURCE POOL spare UNIT 'u9'") == ""
    assert pool.config.name == "u9"
    assert run(zoned, SYS, "ALTER RESOURCE POOL spare UNIT_NUM 2") == ""
    assert len(resources.units_of(pool)) == 6
    assert run(zoned, SYS, "ALTER RESOURCE POOL spare UNIT_NUM 3").startswith("4656 ")
    kept = [unit.unit_id for unit in resources.units_of(pool)]
    assert run(zoned, SYS, "ALTER RESOURCE POOL spare UNIT_NUM 1 DELETE UNIT (1, 2, 3)").startswith("1210 ")
    assert [unit.unit_id for unit in resources.units_of(pool)] == kept
    assert run(zoned, SYS, "ALTER RESOURCE POOL spare UNIT_NUM 1") == ""
    assert len(resources.units_of(pool)) == 3
    assert run(zoned, SYS, "ALTER RESOURCE POOL spare ZONE_LIST ('z2')") == ""
    assert {unit.zone for unit in resources.units_of(pool)} == {"z2"}
    assert run(zoned, SYS, "ALTER RESOURCE POOL spare ZONE_LIST ('z3')").startswith("4179 ")
    assert run(zoned, SYS, "ALTER RESOURCE POOL spare ZONE_LIST ('z2', 'z9')").startswith("4530 ")
    assert run(zoned, SYS, "ALTER RESOURCE POOL spare UNIT 'u9', UNIT_NUM 2").startswith("1235 ")
    assert run(zoned, SYS, "ALTER RESOURCE POOL pool_shop ZONE_LIST ('z1', 'z2')").startswith("4179 ")
    assert run(zoned, SYS, "ALTER RESOURCE POOL pool_shop UNIT_NUM 2").startswith("1235 obsim does not model ")


def test_split_and_merge_move_units_and_tenant(zoned, run):
    units = {u.unit_id: (u.zone, u.server.address) for u in zoned.resources.units.values()}
    split = "ALTER RESOURCE POOL pool_shop SPLIT INTO ({}) ON ({})"
    assert run(zoned, SYS, split.format("'a', 'b'", "'z1', 'z2', 'z3'")).startswith("1210 ")
    assert run(zoned, SYS, split.format("'a', 'spare', 'c'", "'z1', 'z2', 'z3'")).startswith("4651 ")
    assert run(zoned, SYS, split.format("'a', 'b', 'c'", "'z1', 'z2', 'z4'")).startswith("1210 ")
    assert "pool_shop" in zoned.resources.pools
    assert run(zoned, SYS, split.format("'a', 'b', 'c'", "'z1', 'z2', 'z3'")) == ""
    pools = zoned.resources.pools
    assert {name: (pools[name].zones, pools[name].tenant_id) for name in ("a", "b", "c")} == {
        "a": (("z1",), 1002), "b": (("z2",), 1002), "c": (("z3",), 1002),
    }  # fmt: skip
    assert "pool_shop" not in pools
    merge = "ALTER RESOURCE POOL MERGE ({}) INTO ({})"
    assert run(zoned, SYS, merge.format("'a', 'spare'", "'m'")).startswith("4179 ")
    assert run(zoned, SYS, merge.format("'a', 'a'", "'m'")).startswith("4179 ")
    assert run(zoned, SYS, merge.format("'a'", "'m'")).startswith("1210 ")
    assert run(zoned, SYS, merge.format("'a', 'b', 'c'", "'m'")) == ""
    assert (pools["m"].zones, pools["m"].tenant_id) == (("z1", "z2", "z3"), 1002)
    assert {u.unit_id: (u.zone, u.server.address) for u in zoned.resources.units.values()} == units


def test_more_units_of_a_tenant_and_fewer(zoned, run):
    pool, jobs = zoned.resources.pools["pool_shop"], zoned.root_jobs.jobs
    assert run(zoned, SYS, "ALTER RESOURCE TENANT shop UNIT_NUM 2") == ""
    assert len(zoned.resources.units_of(pool)) == 6
    assert len(zoned.resources.groups_of(1002)) == 2
    assert [(j.kind, j.status) for j in jobs] == [("ALTER_RESOURCE_TENANT_UNIT_NUM", "SUCCESS")]
    assert run(zoned, SYS, "ALTER RESOURCE TENANT shop UNIT_NUM 3").startswith("4656 ")
    assert run(zoned, SYS, "ALTER RESOURCE TENANT shop UNIT_NUM 1 DELETE UNIT_GROUP (7777)").startswith("1210 ")
    assert run(zoned, SYS, "ALTER RESOURCE TENANT shop UNIT_NUM 1") == ""
    assert sorted(u.status for u in zoned.resources.units_of(pool)) == ["ACTIVE"] * 3 + ["DELETING"] * 3
    assert run(zoned, SYS, "ALTER RESOURCE TENANT shop UNIT_NUM 2").startswith("4179 ")
    zoned.advance_to(zoned.now_ns + 11_000_000_000)
    assert len(zoned.resources.units_of(pool)) == 3
    assert [j.status for j in jobs] == ["SUCCESS", "SUCCESS"]
    assert run(zoned, SYS, "ALTER RESOURCE TENANT nosuch UNIT_NUM 2").startswith("5157 ")


def test_ids_are_not_given_twice(state, run):
    run(state, SYS, UNIT)
    pool = "CREATE RESOURCE POOL p9 UNIT 'u9', UNIT_NUM 1"
    seen = []
    for _ in range(3):
        assert run(state, SYS, pool) == ""
        made = state.resources.pools["p9"]
        seen.append((made.pool_id, state.resources.units_of(made)[0].unit_id))
        run(state, SYS, "DROP RESOURCE POOL p9")
    assert len({p for p, _ in seen}) == len({u for _, u in seen}) == 3
    first = state.resources.configs["u9"].config_id
    run(state, SYS, "DROP RESOURCE UNIT u9")
    run(state, SYS, UNIT)
    assert state.resources.configs["u9"].config_id > first


@pytest.mark.parametrize(
    "sql",
    [
        UNIT, "ALTER RESOURCE UNIT unit_standard MAX_CPU 4", "DROP RESOURCE UNIT unit_standard",
        "CREATE RESOURCE POOL p9 UNIT 'unit_standard', UNIT_NUM 1", "ALTER RESOURCE POOL p1 UNIT 'unit_standard'",
        "DROP RESOURCE POOL p1", "ALTER RESOURCE POOL p1 SPLIT INTO ('a') ON ('z1')",
        "ALTER RESOURCE POOL MERGE ('p1', 'p2') INTO ('a')", "ALTER RESOURCE TENANT t1 UNIT_NUM 2",
    ],
)  # fmt: skip
def test_only_sys_may(state, run, sql):
    before = picture(state)
    assert run(state, T1, sql) == "1227 Access denied"
    assert picture(state) == before

"""Servers and zones: added, stopped, started, deleted; what keeps them from it; units and root service follow."""

import pytest

SYS, T1 = 1, 1002
SECOND_NS = 1_000_000_000
PLAIN = "4179 Operation not allowed now"


@pytest.fixture
def zoned(make_state):
    return make_state(scenario="three-zones")


@pytest.fixture
def system(run):
    def system(state, action: str) -> str:
        return run(state, SYS, f"ALTER SYSTEM {action}")

    return system


def picture(state) -> object:
    resources = state.resources
    return (
        {
            s.address: (s.server_id, s.zone, s.status, bool(s.stop_ns), s.with_rootserver)
            for s in resources.servers.values()
        },
        {z.name: (z.region, z.idc, z.status, z.zone_type) for z in resources.zones.values()},
        {u.unit_id: u.server.address for u in resources.units.values()},
        len(state.root_jobs.jobs),
    )


def test_servers_are_added_and_deleted_with_ids_that_count_on(state, system):
    assert system(state, "ADD SERVER '127.0.0.2:2882', '127.0.0.3:2882' ZONE 'z1'") == ""
    assert [s.server_id for s in state.resources.servers.values()] == [1, 2, 3]
    assert system(state, "ADD SERVER '127.0.0.2:2882' ZONE 'z1'").startswith("4017 ")
    assert system(state, "DELETE SERVER '127.0.0.3:2882'") == ""
    assert state.resources.servers["127.0.0.3:2882"].status == "DELETING"
    assert system(state, "DELETE SERVER '127.0.0.3:2882'").startswith("4628 ")
    state.advance_to(state.now_ns + 11 * SECOND_NS)
    assert "127.0.0.3:2882" not in state.resources.servers
    assert system(state, "ADD SERVER '127.0.0.3:2882'") == ""  # one zone: it is that one
    assert state.resources.servers["127.0.0.3:2882"].server_id == 4


WRONG = [
    ("ADD SERVER '10.0.1.9' ZONE 'z1'", "1210 "),
    ("ADD SERVER '10.0.1.900:2882' ZONE 'z1'", "1210 "),
    ("ADD SERVER '10.0.1.9:0' ZONE 'z1'", "1210 "),
    ("ADD SERVER '10.0.1.9:2882' ZONE 'z9'", "4530 "),
    ("ADD SERVER '10.0.1.9:2882', '10.0.1.9:2882' ZONE 'z1'", "4017 "),
    ("ADD SERVER '10.0.1.9:2882', '10.0.1.1:2882' ZONE 'z1'", "4017 "),
    ("ADD SERVER '10.0.1.9:2882'", "1235 obsim does not model ADD SERVER without ZONE"),
    ("DELETE SERVER '10.0.1.9:2882'", "4630 "),
    ("DELETE SERVER '10.0.2.2:2882' ZONE 'z1'", "4631 "),
    ("DELETE SERVER '10.0.1.1:2882'", "1235 obsim does not model DELETE SERVER of the server with the root service"),
    ("DELETE SERVER '10.0.2.1:2882', '10.0.2.2:2882'", "4624 "),
    ("CANCEL DELETE SERVER '10.0.2.1:2882'", "4629 "),
    ("STOP SERVER '10.0.1.2:2882', '10.0.2.1:2882'", "4660 "),
    ("ISOLATE SERVER '10.0.1.2:2882', '10.0.2.1:2882'", "4660 "),
    ("START SERVER '10.0.1.9:2882'", "4630 "),
    ("ADD ZONE z1", "4017 "),
    ("ADD ZONE z4 ZONE_TYPE = 'ReadOnly'", "1235 "),
    ("ADD ZONE z4 ZONE_TYPE = 'sometimes'", "1210 "),
    ("DELETE ZONE z1", "4668 "),
    ("DELETE ZONE z9", "4530 "),
    ("START ZONE z1", "4633 "),
    ("STOP ZONE z9", "4530 "),
    ("ALTER ZONE z9 REGION 'r'", "4530 "),
]


@pytest.mark.parametrize(("action", "answer"), WRONG)
def test_what_cannot_be_changes_nothing(zoned, system, action, answer):
    before = picture(zoned)
    assert system(zoned, action).startswith(answer)
    assert picture(zoned) == before


def test_stopped_servers_and_zones_are_of_one_zone(zoned, system):
    assert system(zoned, "STOP SERVER '10.0.2.1:2882'") == ""
    assert system(zoned, "STOP SERVER '10.0.2.1:2882'") == ""
    assert system(zoned, "STOP SERVER '10.0.3.1:2882'").startswith("4660 ")
    assert system(zoned, "STOP ZONE z3").startswith("4660 ")
    assert system(zoned, "START SERVER '10.0.2.1:2882'") == ""
    assert system(zoned, "STOP ZONE z3") == ""
    assert zoned.resources.zones["z3"].status == "INACTIVE"
    assert system(zoned, "START ZONE z3") == ""


def test_the_only_server_and_the_only_zone_go_on(state, system):
    before = picture(state)
    assert system(state, "STOP SERVER '127.0.0.1:2882'") == PLAIN
    assert system(state, "ISOLATE SERVER '127.0.0.1:2882'").startswith("4179 Stop all servers in primary region is")
    assert system(state, "STOP ZONE z1") == PLAIN
    assert system(state, "ISOLATE ZONE z1") == PLAIN
    assert picture(state) == before


def test_no_tenant_loses_its_majority(zoned, run, system):
    assert run(zoned, SYS, "ALTER TENANT shop LOCALITY 'F@z1,F@z2'") == ""
    before = picture(zoned)
    assert system(zoned, "STOP ZONE z2") == PLAIN
    assert picture(zoned) == before
    assert system(zoned, "STOP ZONE z3") == ""


def test_the_root_service_leaves_a_stopped_server(zoned, system):
    assert zoned.root_address() == "10.0.1.1:2882"
    assert system(zoned, "STOP ZONE z1") == ""
    assert zoned.resources.root_server.zone in {"z2", "z3"}
    assert sum(server.with_rootserver for server in zoned.resources.servers.values()) == 1


def test_a_deleted_server_gives_its_units_to_the_others_of_its_zone(zoned, system):
    moving = [u.unit_id for u in zoned.resources.units.values() if u.server.address == "10.0.2.2:2882"]
    assert moving
    assert system(zoned, "DELETE SERVER '10.0.2.2:2882'") == ""
    units = zoned.resources.units
    assert {units[i].server.address for i in moving} == {"10.0.2.1:2882"}
    assert {units[i].migrated_from.address for i in moving} == {"10.0.2.2:2882"}
    kinds = [(job.kind, job.status) for job in zoned.root_jobs.jobs]
    assert kinds == [("DELETE_SERVER", "INPROGRESS")] + [("MIGRATE_UNIT", "INPROGRESS")] * len(moving)
    zoned.advance_to(zoned.now_ns + 11 * SECOND_NS)
    assert {units[i].migrated_from for i in moving} == {None}
    assert "10.0.2.2:2882" not in zoned.resources.servers
    assert {job.status for job in zoned.root_jobs.jobs} == {"SUCCESS"}


def test_two_units_of_a_tenant_do_not_end_on_one_server(zoned, run, system):
    assert run(zoned, SYS, "ALTER RESOURCE TENANT shop UNIT_NUM 2") == ""
    both = "DELETE SERVER '10.0.2.1:2882', '10.0.2.2:2882'"
    assert system(zoned, "ADD SERVER '10.0.2.3:2882' ZONE 'z2'") == ""
    assert system(zoned, both).startswith("4624 ")
    assert system(zoned, "ADD SERVER '10.0.2.4:2882' ZONE 'z2'") == ""
    assert system(zoned, both) == ""
    shop = [u.server.address for u in zoned.resources.units_of(zoned.resources.pools["pool_shop"]) if u.zone == "z2"]
    assert sorted(shop) == ["10.0.2.3:2882", "10.0.2.4:2882"]


def test_a_delete_that_is_cancelled(zoned, system):
    before = picture(zoned)[:3]
    assert system(zoned, "DELETE SERVER '10.0.2.2:2882'") == ""
    zoned.advance_to(zoned.now_ns + 5 * SECOND_NS)
    assert system(zoned, "CANCEL DELETE SERVER '10.0.2.2:2882'") == ""
    assert picture(zoned)[:3] == before
    assert {job.result for job in zoned.root_jobs.jobs} == {-4072}
    zoned.advance_to(zoned.now_ns + 20 * SECOND_NS)
    assert picture(zoned)[:3] == before


def test_a_zone_from_its_first_to_its_last_day(zoned, system):
    assert system(zoned, "ADD ZONE z4 REGION 'r4', IDC 'i4'") == ""
    zone = zoned.resources.zones["z4"]
    assert (zone.region, zone.idc, zone.status, zone.zone_type) == ("r4", "i4", "INACTIVE", "ReadWrite")
    assert system(zoned, "START ZONE z4") == ""
    assert system(zoned, "CHANGE ZONE z4 SET REGION 'r5'") == ""
    assert (zone.region, zone.idc, zone.status) == ("r5", "i4", "ACTIVE")
    assert system(zoned, "ADD SERVER '10.0.4.1:2882' ZONE 'z4'") == ""
    assert system(zoned, "DELETE ZONE z4").startswith("4668 ")
    assert system(zoned, "DELETE SERVER '10.0.4.1:2882'") == ""
    zoned.advance_to(zoned.now_ns + 11 * SECOND_NS)
    assert system(zoned, "DELETE ZONE z4").startswith("4633 ")
    assert system(zoned, "STOP ZONE z4") == ""
    assert system(zoned, "DELETE ZONE z4") == ""
    assert "z4" not in zoned.resources.zones


@pytest.mark.parametrize(
    "action",
    [
        "ADD SERVER '10.0.1.9:2882' ZONE 'z1'", "DELETE SERVER '10.0.1.2:2882'", "CANCEL DELETE SERVER '10.0.1.2:2882'",
        "START SERVER '10.0.1.2:2882'", "STOP SERVER '10.0.1.2:2882'", "FORCE STOP SERVER '10.0.1.2:2882'",
        "ISOLATE SERVER '10.0.1.2:2882'", "ADD ZONE z4", "DELETE ZONE z1", "START ZONE z1", "STOP ZONE z1",
        "FORCE STOP ZONE z1", "ISOLATE ZONE z1", "ALTER ZONE z1 REGION 'r'",
    ],
)  # fmt: skip
def test_only_sys_may(zoned, run, action):
    before = picture(zoned)
    assert run(zoned, T1, f"ALTER SYSTEM {action}") == "1227 Access denied"
    assert picture(zoned) == before


@pytest.mark.parametrize(
    ("clause", "answer"),
    [
        ("SERVER = '10.0.2.1:2882'", ""), ("SERVER = '10.0.9.9:2882'", "1210 "), ("ZONE = 'z3'", ""),
        ("ZONE = 'z9'", "1210 "),
    ],
)  # fmt: skip
def test_parameters_know_servers_and_zones(zoned, system, clause, answer):
    assert system(zoned, f"SET syslog_level = 'INFO' {clause}").startswith(answer)


def test_a_parameter_of_some_servers(zoned, system):
    def shown() -> dict[str, str]:
        servers = zoned.resources.servers
        return {address: zoned.parameters.get_on(address, "resource_hard_limit") for address in servers}

    def acts() -> int:
        return zoned.parameters.get_int("resource_hard_limit")

    before = shown()
    assert system(zoned, "SET resource_hard_limit = 200 ZONE = 'z2'") == ""
    assert {a: v for a, v in shown().items() if v != before[a]} == {"10.0.2.1:2882": "200", "10.0.2.2:2882": "200"}
    assert acts() == 100  # the root service is elsewhere
    assert system(zoned, "SET resource_hard_limit = 300 SERVER = '10.0.1.1:2882'") == ""
    assert sorted(shown().values()) == ["100"] * 3 + ["200"] * 2 + ["300"]
    assert acts() == 300
    assert system(zoned, "SET resource_hard_limit = 150") == ""
    assert set(shown().values()) == {"150"}
    assert system(zoned, "SET resource_hard_limit = 200 ZONE = 'z2'") == ""
    assert system(zoned, "RESET resource_hard_limit") == ""
    assert shown() == before

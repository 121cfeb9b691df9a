"""information_schema: what a driver, a GUI or an object mapper looks up there."""

import pytest

from obsim.catalog import Catalog, Scope
from obsim.ids import TenantId
from obsim.scenario import build_state
from obsim.versions import PROFILES

MYSQL = 1002


def rows(world, name, tenant_id=1):
    return world.rows(name, tenant_id, "information_schema")


def test_schemata(world):
    assert [r["SCHEMA_NAME"] for r in rows(world, "SCHEMATA")] == ["information_schema", "mysql", "oceanbase", "test"]
    assert {(r["DEFAULT_CHARACTER_SET_NAME"], r["DEFAULT_COLLATION_NAME"]) for r in rows(world, "schemata")} == {
        ("utf8mb4", "utf8mb4_general_ci"),
    }  # fmt: skip


def test_tables_are_the_views_a_tenant_finds(world):
    def names(tenant_id):
        return {r["TABLE_NAME"] for r in rows(world, "TABLES", tenant_id) if r["TABLE_SCHEMA"] == "oceanbase"}

    assert {"CDB_OB_BACKUP_JOBS", "DBA_OB_BACKUP_JOBS", "GV$OB_PARAMETERS"} <= names(1)
    only_sys = {name for name in names(1) - names(MYSQL) if not name.startswith("CDB_")}
    assert names(MYSQL) <= names(1)
    assert only_sys == {
        "DBA_OB_RESOURCE_POOLS", "DBA_OB_ROOTSERVICE_EVENT_HISTORY", "DBA_OB_ROOTSERVICE_JOBS", "DBA_OB_SERVERS",
        "DBA_OB_SERVER_JOBS", "DBA_OB_TENANT_JOBS", "DBA_OB_UNITS", "DBA_OB_UNIT_CONFIGS", "DBA_OB_UNIT_JOBS",
        "DBA_OB_ZONES", "__all_virtual_backup_schedule_task",
    }  # fmt: skip
    types = {r["TABLE_NAME"]: r["TABLE_TYPE"] for r in rows(world, "TABLES")}
    assert (types["DBA_OB_TENANTS"], types["__all_virtual_dag_scheduler"]) == ("SYSTEM VIEW", "SYSTEM TABLE")


@pytest.mark.parametrize("version", ["4.2.1", "4.2.5", "4.3.3"])
def test_columns_are_those_of_the_version(make, version):
    world = make(version)
    tenant = world.state.sys
    listed = {}
    for row in rows(world, "COLUMNS"):
        listed.setdefault((row["TABLE_SCHEMA"], row["TABLE_NAME"]), []).append(row)
    for schema in world.catalog.schemas(tenant):
        for view in world.catalog.views(schema, tenant):
            found = listed.pop((schema, view.name))
            assert [(r["COLUMN_NAME"], r["COLUMN_TYPE"], r["IS_NULLABLE"] == "YES") for r in found] == [
                (c.name, c.mysql_type, c.nullable) for c in world.catalog.columns(view)
            ]
            assert [r["ORDINAL_POSITION"] for r in found] == list(range(1, len(found) + 1))
    assert listed == {}


def test_facts_of_a_type(make):
    columns = [r for r in rows(make("4.2.5"), "COLUMNS") if r["TABLE_SCHEMA"] == "oceanbase"]
    found = {(r["TABLE_NAME"], r["COLUMN_NAME"]): r for r in columns}

    def facts(view, column):
        r = found[view, column]
        return (
            r["DATA_TYPE"], r["CHARACTER_MAXIMUM_LENGTH"], r["CHARACTER_OCTET_LENGTH"], r["NUMERIC_PRECISION"],
            r["NUMERIC_SCALE"], r["DATETIME_PRECISION"], r["CHARACTER_SET_NAME"],
        )  # fmt: skip

    assert facts("CDB_OB_BACKUP_JOBS", "STATUS") == ("varchar", 4096, 16_384, None, None, None, "utf8mb4")
    assert facts("CDB_OB_BACKUP_JOBS", "JOB_ID") == ("bigint", None, None, 19, 0, None, None)
    assert facts("CDB_OB_BACKUP_TASKS", "START_SCN") == ("bigint", None, None, 20, 0, None, None)
    assert facts("CDB_OB_BACKUP_TASKS", "DATA_PROGRESS") == ("decimal", None, None, 26, 2, None, None)
    assert facts("CDB_OB_BACKUP_JOBS", "END_TIMESTAMP") == ("timestamp", None, None, None, None, 6, None)
    assert facts("CDB_OB_BACKUP_PARAMETER", "VALUE")[:3] == ("longtext", 134_217_727, 536_870_911)


def test_views_leave_out_the_virtual_tables(world):
    views = {(r["TABLE_SCHEMA"], r["TABLE_NAME"]) for r in rows(world, "VIEWS")}
    tables = {(r["TABLE_SCHEMA"], r["TABLE_NAME"]) for r in rows(world, "TABLES")}
    virtual = {"backup_schedule_task", "dag", "dag_scheduler", "tablet_sstable_macro_info"}
    assert tables - views == {("oceanbase", f"__all_virtual_{name}") for name in virtual}


def test_character_sets_collations_and_engines(world):
    assert ("utf8mb4", 4) in {(r["CHARACTER_SET_NAME"], r["MAXLEN"]) for r in rows(world, "CHARACTER_SETS")}
    (general,) = [r for r in rows(world, "COLLATIONS") if r["COLLATION_NAME"] == "utf8mb4_general_ci"]
    assert (general["ID"], general["IS_DEFAULT"], general["CHARACTER_SET_NAME"]) == (45, "Yes", "utf8mb4")
    assert [r["SUPPORT"] for r in rows(world, "ENGINES")] == ["DEFAULT"]


@pytest.mark.parametrize(
    "name",
    [
        "KEY_COLUMN_USAGE", "TABLE_CONSTRAINTS", "REFERENTIAL_CONSTRAINTS", "STATISTICS", "ROUTINES", "TRIGGERS",
        "PARTITIONS",
    ],
)
def test_what_only_user_tables_would_fill_is_empty(world, name):
    assert rows(world, name) == rows(world, name, MYSQL) == []


def test_the_schema_obsim_is_listed_only_when_shown():
    state = build_state("three-tenants", profile=PROFILES["4.2.1"])
    for show_control in (False, True):
        catalog = Catalog(state, show_control=show_control)
        for tenant_id in (1, MYSQL):
            tenant = state.tenants[TenantId(tenant_id)]
            seen = set()
            for name in ("SCHEMATA", "TABLES", "COLUMNS", "VIEWS"):
                view = catalog.find("information_schema", name, tenant)
                seen |= {row[1] for row in catalog.rows(view, Scope(tenant.tenant_id))}
            assert ("obsim" in seen) == (show_control and tenant_id == 1)

"""Who finds which view, and what a name that is not found means."""

import pytest

from obsim.catalog import KNOWN_BUT_NOT_MODELLED, Catalog
from obsim.cluster import Tenant
from obsim.errors import NotModelled
from obsim.ids import TenantId
from obsim.scenario import build_state
from obsim.versions import PROFILES

SYS, MYSQL, ORACLE = TenantId(1), TenantId(1002), TenantId(1004)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog(build_state("three-tenants", profile=PROFILES["4.2.1"]))


def tenant(catalog: Catalog, tenant_id: TenantId) -> Tenant:
    return catalog.state.tenants[tenant_id]


@pytest.mark.parametrize(
    ("tenant_id", "schema", "name", "found"),
    [
        (SYS, "oceanbase", "CDB_OB_BACKUP_JOBS", True),
        (SYS, "OCEANBASE", "cdb_ob_backup_jobs", True),
        (SYS, "oceanbase", "DBA_OB_BACKUP_JOBS", True),
        (MYSQL, "oceanbase", "DBA_OB_BACKUP_JOBS", True),
        (MYSQL, "oceanbase", "CDB_OB_BACKUP_JOBS", False),
        (ORACLE, "SYS", "DBA_OB_BACKUP_JOBS", True),
        (ORACLE, "sys", "dba_ob_tenants", True),
        (ORACLE, "SYS", "GV$OB_PARAMETERS", True),
        (ORACLE, "SYS", "CDB_OB_BACKUP_JOBS", False),
        (ORACLE, "oceanbase", "DBA_OB_BACKUP_JOBS", False),
        (MYSQL, "SYS", "DBA_OB_BACKUP_JOBS", False),
        (SYS, "SYS", "DBA_OB_BACKUP_JOBS", False),
        (SYS, "oceanbase", "gv$ob_parameters", True),
        (MYSQL, "oceanbase", "__ALL_virtual_dag_scheduler", True),
        (MYSQL, "mysql", "user", True),
        (SYS, "obsim", "macroblocks", True),
        (SYS, "obsim", "clock", True),
        (MYSQL, "obsim", "macroblocks", False),
        (ORACLE, "obsim", "clock", False),
        (SYS, "information_schema", "tables", True),
        (ORACLE, "information_schema", "tables", False),
        (SYS, "oceanbase", "nosuch_view", False),
        (SYS, "test", "DBA_OB_BACKUP_JOBS", False),
        (SYS, "nosuch_schema", "DBA_OB_BACKUP_JOBS", False),
        (SYS, "", "DBA_OB_BACKUP_JOBS", False),
    ],
)
def test_who_finds_what(catalog: Catalog, tenant_id: TenantId, schema: str, name: str, found: bool) -> None:
    view = catalog.find(schema, name, tenant(catalog, tenant_id))
    assert (view is not None) == found
    if view is not None:
        assert view.name.lower() == name.lower()
        assert view in catalog.views(schema, tenant(catalog, tenant_id))


@pytest.mark.parametrize(
    ("tenant_id", "schema", "name", "written"),
    [
        (SYS, "oceanbase", "cdb_ob_tablet_replicas", "CDB_OB_TABLET_REPLICAS"),
        (MYSQL, "oceanbase", "DBA_OB_TABLET_REPLICAS", "DBA_OB_TABLET_REPLICAS"),
        (ORACLE, "SYS", "GV$OB_SQL_AUDIT", "GV$OB_SQL_AUDIT"),
        (SYS, "oceanbase", "__ALL_SERVER", "__all_server"),
        (MYSQL, "information_schema", "files", "FILES"),
        (SYS, "oceanbase", "gv$sysstat", "GV$SYSSTAT"),
        (MYSQL, "oceanbase", "V$LATCH", "V$LATCH"),
        (SYS, "oceanbase", "cdb_ob_sys_variables", "CDB_OB_SYS_VARIABLES"),
        (SYS, "oceanbase", "__ALL_BACKUP_JOB", "__all_backup_job"),
        (SYS, "oceanbase", "__all_virtual_backup_ls_task", "__all_virtual_backup_ls_task"),
    ],
)
def test_a_view_known_by_name_says_so(
    catalog: Catalog, tenant_id: TenantId, schema: str, name: str, written: str
) -> None:
    with pytest.raises(NotModelled) as caught:
        catalog.find(schema, name, tenant(catalog, tenant_id))
    assert (caught.value.errno, caught.value.message) == (1235, f"obsim does not model the view {written} yet")
    assert written in KNOWN_BUT_NOT_MODELLED


@pytest.mark.parametrize(
    ("tenant_id", "name"),
    [(MYSQL, "CDB_OB_RESTORE_PROGRESS"), (MYSQL, "DBA_OB_SERVERS"), (MYSQL, "DBA_OB_ROOTSERVICE_JOBS")],
)
def test_what_the_real_engine_lacks_is_not_called_unmodelled(catalog: Catalog, tenant_id: TenantId, name: str) -> None:
    assert catalog.find("oceanbase", name, tenant(catalog, tenant_id)) is None


def test_a_view_of_a_later_version_does_not_exist() -> None:
    older = Catalog(build_state("blank", profile=PROFILES["4.1.0"]))
    assert older.find("oceanbase", "CDB_OB_RECOVER_TABLE_JOBS", older.state.sys) is None
    newer = Catalog(build_state("blank", profile=PROFILES["4.2.1"]))
    found = newer.find("oceanbase", "CDB_OB_RECOVER_TABLE_JOBS", newer.state.sys)
    assert found is not None
    assert found.name == "CDB_OB_RECOVER_TABLE_JOBS"


def test_schemas(catalog: Catalog) -> None:
    usual = ["information_schema", "mysql", "oceanbase", "test"]
    assert catalog.schemas(tenant(catalog, SYS)) == catalog.schemas(tenant(catalog, MYSQL)) == usual
    assert catalog.schemas(tenant(catalog, ORACLE)) == ["SYS"]
    shown = Catalog(catalog.state, show_control=True)
    assert shown.schemas(tenant(shown, SYS)) == ["information_schema", "mysql", "obsim", "oceanbase", "test"]
    assert shown.schemas(tenant(shown, MYSQL)) == usual


def test_no_modelled_view_is_also_listed_as_not_modelled(catalog: Catalog) -> None:
    for tenant_id in (SYS, MYSQL, ORACLE):
        for schema in ("information_schema", "mysql", "oceanbase", "obsim", "SYS"):
            for view in catalog.views(schema, tenant(catalog, tenant_id)):
                assert view.name not in KNOWN_BUT_NOT_MODELLED

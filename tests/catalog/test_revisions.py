"""The promise behind every cached answer: rows differ only where the revision of a view's families does."""

from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from obsim.catalog import Catalog, Scope
from obsim.cluster import Principal
from obsim.errors import ServerError
from obsim.ids import TenantId
from obsim.scenario import build_state
from obsim.statements import AlterParameters, BackupDatabase, CancelBackup, Freeze, ParameterAction, SetArchiveMode
from obsim.versions import PROFILES

MYSQL = TenantId(1002)
STATEMENTS = (
    BackupDatabase(),
    BackupDatabase(incremental=True),
    CancelBackup(),
    Freeze(major=True),
    Freeze(major=False),
    SetArchiveMode(enabled=False),
    SetArchiveMode(enabled=True),
    AlterParameters((ParameterAction("ha_low_thread_score", 5),)),
    AlterParameters((ParameterAction("data_backup_dest", "file:///elsewhere"),)),
)
STEPS = st.tuples(st.sampled_from((None, None, None, *STATEMENTS)), st.integers(1, 900).map(lambda n: n * 1_000_000))


def seen(catalog):
    for tenant in (catalog.state.sys, catalog.state.tenants[MYSQL]):
        for schema in ("oceanbase", "mysql", "obsim"):
            for view in catalog.views(schema, tenant):
                rows = catalog.rows(view, Scope(tenant.tenant_id))
                yield (tenant.tenant_id, view), (catalog.state.revision(view.families), rows)


@settings(deadline=None, max_examples=25)
@given(st.lists(STEPS, min_size=5, max_size=40))
def test_rows_change_only_with_the_revision(steps):
    state = build_state("three-tenants", profile=PROFILES["4.2.1"])
    catalog = Catalog(state)
    before = dict(seen(catalog))
    for statement, step_ns in ((BackupDatabase(), 300_000_000), *steps):
        if statement is not None:
            with suppress(ServerError):
                state.execute(Principal(MYSQL, "root"), statement)
        state.advance_to(state.now_ns + step_ns)
        for key, (revision, rows) in seen(catalog):
            old_revision, old_rows = before[key]
            assert revision >= old_revision
            if revision == old_revision:
                assert rows == old_rows, key[1].name
            if key[1].append_only:
                assert rows[: len(old_rows)] == old_rows
            before[key] = (revision, rows)

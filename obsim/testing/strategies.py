"""Hypothesis strategies: scenarios, workloads, statements of administrators, fault plans.

    @given(scenarios(), st.data())
    def test_my_tool(toml, data):
        ...                                   # write it to a file, start obsim.Server(scenario=that file)

Statements are the dataclasses of `obsim.statements`; `.sql()` prints one for a client. Each comes with the tenant whose
administrator runs it. Tables are (tenant, table), as `Driver.tables` lists them.
"""

from collections.abc import Sequence

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from obsim.faults import STAGES
from obsim.statements import (
    AlterParameters,
    BackupDatabase,
    BackupStatement,
    CallProcedure,
    CancelBackup,
    Freeze,
    ParameterAction,
    SetArchiveMode,
)

__all__ = ["Order", "disturbances", "fault_plans", "scenarios", "statements", "workloads"]

Order = tuple[str, BackupStatement]
"""(tenant, statement): who runs what."""
ERRORS = (
    "OB_EAGAIN", "OB_TIMEOUT", "OB_BACKUP_DEVICE_OUT_OF_SPACE", "OB_BACKUP_IO_PROHIBITED", "OB_BACKUP_FILE_NOT_EXIST",
    "OB_CHECKSUM_ERROR",
)  # fmt: skip
"""Some are tried again by OceanBase, some end a backup at once."""
WHOSE = ("", "", " log_stream=0", " log_stream=1", " log_stream=1001")
"""Of any log stream, of the pass that enters a stage or the index, of the tenant's own stream, of a user's."""
TIMES = (1, 1, 2, 4, 70)
KINDS = ("random", "clustered", "append", "rows_uniform", "rows_zipf", "rows_clustered:3", "rows_append", "rows_delete")


@st.composite
def scenarios(draw: DrawFn, *, tenants_max: int = 3, tables_max: int = 3, blocks_max: int = 130) -> str:
    """A scenario file as text: tenants of both modes with tables of some tablets, destinations set or not."""
    lines = ['about = "drawn"']
    for number in range(draw(st.integers(1, tenants_max))):
        name = f"tenant_{number + 1}"
        lines += ["", "[[tenant]]", f'name = "{name}"', f'mode = "{draw(st.sampled_from(["mysql", "oracle"]))}"']
        if draw(st.booleans()) or number == 0:
            lines.append(f'data_backup_dest = "file:///backup/{name}/data"')
        if draw(st.booleans()) or number == 0:
            lines += [f'log_archive_dest = "LOCATION=file:///backup/{name}/archive"', "archivelog = true"]
        for table in range(draw(st.integers(1, tables_max))):
            blocks = draw(st.lists(st.integers(0, blocks_max), min_size=1, max_size=4))
            lines += ["", "[[tenant.table]]", f'name = "t{table + 1}"', f"blocks = {blocks}"]
            if draw(st.booleans()):
                lines.append(f"log_stream = {draw(st.integers(1001, 1003))}")
    return "\n".join(lines) + "\n"


def workloads(
    tables: Sequence[tuple[str, str]], *, blocks_max: int = 12, length_max: int = 20
) -> SearchStrategy[list[Order]]:
    """Writes and freezes on some tables, to be run by sys; a table with fewer blocks than are drawn refuses (1210)."""
    writes = st.builds(
        lambda table, count, kind: ("sys", CallProcedure("obsim", "write", (*table, count, kind))),
        st.sampled_from(list(tables)), st.integers(1, blocks_max), st.sampled_from(KINDS),
    )  # fmt: skip
    tenants = sorted({tenant for tenant, _ in tables})
    freezes = st.builds(lambda major, name: ("sys", Freeze(major, (name,))), st.booleans(), st.sampled_from(tenants))
    return st.lists(writes | freezes, max_size=length_max)


def statements(tenants: Sequence[str]) -> SearchStrategy[Order]:
    """A statement about backups, archiving, thread scores or freezes, by sys or by a tenant itself."""
    one = st.sampled_from(list(tenants))
    some = st.none() | st.lists(one, min_size=1, max_size=3).map(tuple)
    scores = st.sampled_from(["ha_low_thread_score", "ha_high_thread_score", "compaction_low_thread_score"])
    paths = st.sampled_from(["", "file:///backup/a", "file:///backup/b"])
    by_sys: SearchStrategy[BackupStatement] = st.one_of(
        st.builds(BackupDatabase, st.booleans(), some, plus_archivelog=st.booleans()),
        st.builds(CancelBackup, some.map(lambda names: names or ())),
        st.builds(SetArchiveMode, st.booleans(), one.map(lambda name: (name,))),
        st.builds(Freeze, st.booleans(), one.map(lambda name: (name,))),
        st.builds(_set, scores, st.integers(0, 100), one),
        st.builds(_set, st.just("data_backup_dest"), paths, one),
        st.builds(_set, st.just("log_archive_dest_state"), st.sampled_from(["ENABLE", "DEFER"]), one),
    )
    by_itself: SearchStrategy[BackupStatement] = st.one_of(
        st.builds(BackupDatabase, st.booleans(), plus_archivelog=st.booleans()),
        st.builds(CancelBackup),
        st.builds(SetArchiveMode, st.booleans()),
        st.builds(Freeze, st.booleans()),
        st.builds(_set, scores, st.integers(0, 100)),
    )
    return st.tuples(st.just("sys"), by_sys) | st.tuples(one, by_itself)


def _set(name: str, value: str | int, tenant: str | None = None) -> AlterParameters:
    return AlterParameters((ParameterAction(name, value, tenant=tenant),))


def disturbances(tenants: Sequence[str], *, length_max: int = 1) -> SearchStrategy[list[Order]]:
    """CALL obsim.fault: servers crash and come back, leaders move, destinations are slow, blocks arrive damaged.

    Statements may end with `ConnectionCut` meanwhile. No naive model knows of these: for what has to be equal anyway.
    """
    down = st.sampled_from(["500ms", "9s", "11s", "1m"])
    tenant = st.sampled_from(list(tenants))
    rule: SearchStrategy[str] = st.one_of(
        down.map(lambda span: f"crash=root stage=BACKUP_LOG times=1 down={span}"),
        st.builds(lambda stage, span: f"crash=worker stage={stage} times=1 down={span}", st.sampled_from(STAGES), down),
        down.map(lambda span: f'crash=root statement="FREEZE" times=1 down={span}'),
        st.builds(lambda rate, name, span: f"destination=slow rate={rate} tenant={name} for={span}",
                  st.sampled_from(["100K", "2M", "1G"]), tenant, down),
        tenant.map(lambda name: f"block=corrupt tenant={name} times=1"),
        st.builds(lambda name, whose, when: f"leader=next tenant={name}{whose}{when}",
                  tenant, st.sampled_from(["", " log_stream=1", " log_stream=1001"]),
                  st.one_of(st.just(""), st.sampled_from(STAGES).map(lambda stage: f" stage={stage} times=1"))),
    )  # fmt: skip
    return st.lists(rule.map(lambda text: ("sys", CallProcedure("obsim", "fault", (text,)))), max_size=length_max)


def fault_plans(tenants: Sequence[str], *, length_max: int = 3) -> SearchStrategy[list[Order]]:
    """CALL obsim.fault: in some stages the work of a log stream, or of any, ends with an error, a few times.

    Some errors are tried again and some end a backup; some come so often that no retry is left.
    """
    rule = st.builds(
        lambda code, stage, tenant, whose, nth, times: (
            f"error={code} stage={stage} tenant={tenant}{whose} nth={nth} times={times}"
        ),
        st.sampled_from(ERRORS), st.sampled_from(STAGES), st.sampled_from(list(tenants)), st.sampled_from(WHOSE),
        st.integers(1, 3), st.sampled_from(TIMES),
    )  # fmt: skip
    return st.lists(rule.map(lambda text: ("sys", CallProcedure("obsim", "fault", (text,)))), max_size=length_max)

"""Tables follow the views: filled only when something changed, and only by what changed; what may be kept says so."""

from dataclasses import replace

import pytest

import obsim
from obsim.query.placeholders import kind_of_value
from tests.query.fakes import World


@pytest.fixture
def world() -> World:
    return World()


def test_a_view_is_read_again_only_when_a_family_of_it_changed(world: World) -> None:
    for _ in range(3):
        assert world.rows("SELECT count(*) FROM cdb_jobs") == [(4,)]
    assert world.catalog.reads == ["CDB_JOBS"]
    world.state.touch("tenants")
    world.rows("SELECT count(*) FROM cdb_jobs")
    assert world.catalog.reads == ["CDB_JOBS"]
    world.state.touch("jobs")
    world.rows("SELECT count(*) FROM cdb_jobs, dba_tenants")
    assert world.catalog.reads == ["CDB_JOBS", "CDB_JOBS", "DBA_TENANTS"]


def test_rows_are_replaced_added_and_removed(world: World) -> None:
    query = "SELECT job_id, status FROM cdb_jobs ORDER BY job_id"
    first = world.rows(query)
    world.jobs[1] = (*world.jobs[1][:3], "DOING", *world.jobs[1][4:])
    assert world.rows(query) == first  # nobody said that jobs changed
    world.state.touch("jobs")
    assert world.rows(query) == [first[0], (2, "DOING"), *first[2:]]
    world.jobs.append((1002, 9, "FULL", "x", "2024-01-01 00:00:00.000000", None, 1, None, None, None))
    world.state.touch("jobs")
    assert world.rows(query)[-1] == (9, "x")
    del world.jobs[0:3]
    world.state.touch("jobs")
    assert world.rows(query) == [(4, "completed"), (9, "x")]
    world.jobs.clear()
    world.state.touch("jobs")
    assert world.rows(query) == []


def test_an_append_only_view_grows_and_starts_anew(world: World) -> None:
    rows: list[tuple[object, ...]] = [(1, 1, "FULL")]
    definition = world.catalog.all[("oceanbase", "history")]
    object.__setattr__(definition, "rows", lambda *_: rows)
    query = "SELECT group_concat(job_id ORDER BY job_id) FROM history"
    assert world.rows(query) == [("1",)]
    rows += [(1, 2, "INC"), (1, 3, "INC")]
    world.state.touch("job_history")
    assert world.rows(query) == [("1,2,3",)]
    rows[:] = [(1, 7, "FULL"), (1, 8, "INC"), (1, 9, "INC"), (1, 10, "INC")]
    world.state.touch("job_history")
    assert world.rows(query) == [("7,8,9,10",)]
    rows.clear()
    world.state.touch("job_history")
    assert world.rows(query) == [(None,)]


def test_a_view_of_the_moment_is_read_when_time_moved(world: World) -> None:
    assert world.rows("SELECT x FROM moment") == [("x",)]
    world.clock[0] = ("y",)
    assert world.rows("SELECT x FROM moment") == [("x",)]
    world.state.now_ns += 1
    assert world.rows("SELECT x FROM moment") == [("y",)]


def test_each_tenant_and_zone_has_its_own_rows(world: World) -> None:
    world.rows("SELECT * FROM cdb_jobs")
    world.rows("SELECT * FROM cdb_jobs", offset_s=0)
    world.rows("SELECT * FROM cdb_jobs")
    assert world.catalog.reads == ["CDB_JOBS", "CDB_JOBS"]


def test_integers_beyond_64_bits_are_cut(world: World) -> None:
    world.jobs[0] = (*world.jobs[0][:6], 2**64 - 1, *world.jobs[0][7:])
    assert world.rows("SELECT start_scn FROM cdb_jobs WHERE job_id = 1") == [(2**63 - 1,)]


@pytest.mark.parametrize(
    ("text", "families"),
    [
        ("SELECT * FROM cdb_jobs", ("jobs",)),
        ("SELECT count(*) FROM cdb_jobs j, dba_tenants t, history h", ("job_history", "jobs", "tenants")),
        ("SELECT 1", ()),
        ("SELECT upper('a'), VERSION(), DATABASE(), CURRENT_USER()", ()),
        ("SELECT from_unixtime(0) FROM cdb_jobs", ("jobs",)),
        ("SELECT * FROM moment", None),
        ("SELECT NOW()", None),
        ("SELECT unix_timestamp()", None),
        ("SELECT job_id FROM cdb_jobs WHERE start_timestamp < now()", None),
        ("SELECT CONNECTION_ID()", None),
        ("SELECT USER()", None),
        ("SELECT @@autocommit", None),
        ("SELECT @a", None),
        ("SELECT SLEEP(1)", None),
        ("SELECT group_concat(job_id) FROM cdb_jobs", None),
        ("SELECT 1 FROM cdb_jobs WHERE EXISTS (SELECT 1 FROM moment)", None),
    ],
)
def test_families_say_what_an_answer_depends_on(world: World, text: str, families: tuple[str, ...] | None) -> None:
    assert world.evaluator.compile(text, world.session).families == families  # type: ignore[arg-type]


def test_a_plan_is_compiled_once_for_a_text_and_database(world: World) -> None:
    session = world.session
    plan = world.evaluator.compile("SELECT * FROM cdb_jobs", session)  # type: ignore[arg-type]
    assert world.evaluator.compile("SELECT * FROM cdb_jobs", session) is plan  # type: ignore[arg-type]
    assert plan.views == (world.catalog.all[("oceanbase", "cdb_jobs")],)
    session.database = None
    assert world.evaluator.compile("SELECT * FROM oceanbase.cdb_jobs", session).views == plan.views  # type: ignore[arg-type]


def test_sleep_answers_at_once(world: World) -> None:
    before = world.state.now_ns
    assert world.value("SLEEP(100000)") == 0
    assert world.state.now_ns == before


HISTORY = "oceanbase.CDB_OB_BACKUP_JOB_HISTORY"


@pytest.mark.parametrize(
    ("tail", "steps"),
    [
        ("ORDER BY JOB_ID DESC LIMIT 20", ["SCAN q1 USING INDEX {table} JOB_ID"]),
        (
            "WHERE STATUS = 'doing' ORDER BY JOB_ID DESC LIMIT 20",
            ["SEARCH q1 USING INDEX {table} STATUS, JOB_ID (k{status}=?)"],
        ),
        (
            "WHERE Status IN ('DOING ') ORDER BY START_TIMESTAMP LIMIT 1",
            ["SEARCH q1 USING INDEX {table} STATUS, START_TIMESTAMP (k{status}=?)"],
        ),
    ],
)
def test_a_poll_of_the_newest_rows_walks_the_key_instead_of_sorting(tail: str, steps: list[str]) -> None:
    """The plan, not its time: SQLite needs no sorter where a view says what polls sort by."""
    cluster = obsim.Cluster()
    session = cluster.host.open("root", cluster.state.sys)
    evaluator = cluster.host.evaluator
    plan = evaluator.compile(f"SELECT * FROM {HISTORY} {tail}", session)
    evaluator.run(plan, session)
    connection = evaluator._tables(session)._connection
    connection.authorizer = None
    found = [row[-1] for row in connection.execute(f"EXPLAIN QUERY PLAN {plan.sqlite_sql}")]
    names = [column.name for column in cluster.host.catalog.find("oceanbase", HISTORY[10:], session.tenant).columns]
    place = names.index("STATUS")
    assert found == [step.format(table=HISTORY.lower(), status=place) for step in steps]


@pytest.mark.parametrize(
    "condition",
    [
        "STATUS = 'canceled'", "STATUS = ?", "? = STATUS", "STATUS <=> ?", "STATUS IN (?, 'x')",
        "STATUS >= 'CANCELED  '",
        "NOT STATUS <> 'CaNcElEd '", "STATUS = j.STATUS", "STATUS BETWEEN 'cance' AND 'CANCELEE'",
        "STATUS LIKE 'canc%'",
        "STATUS COLLATE utf8mb4_bin = 'CANCELED'", "UPPER(STATUS) = 'CÁNCELED'", "STATUS = 'cáncéled'",
        "STATUS IN (SELECT STATUS FROM oceanbase.CDB_OB_BACKUP_JOB_HISTORY)", "(STATUS, 1) = ('canceled', 1)",
    ],
)  # fmt: skip
def test_texts_of_long_views_compare_as_any_text(busy: obsim.Cluster, condition: str) -> None:
    """Their keys must not be told from the texts themselves, which a derived table has no keys for."""
    session = busy.session()._session
    values = ["canCELED"] * condition.count("?")
    cancelled = busy.query(f"SELECT 1 FROM {HISTORY} WHERE BINARY STATUS = 'CANCELED'")
    kinds = tuple(map(kind_of_value, values))
    tails = (f"FROM {HISTORY} j WHERE {condition}", f"FROM (SELECT * FROM {HISTORY}) j WHERE {condition}")
    plans = [busy.host.evaluator.compile(f"SELECT COUNT(*) {tail}", session, kinds) for tail in tails]
    counts = [busy.host.evaluator.run(plan, session, values).rows for plan in plans]
    everything = [(len(busy.query(f"SELECT 1 FROM {HISTORY}")),)]
    assert counts[0] == counts[1]
    assert counts[0] == (
        everything if "j." in condition or "SELECT" in condition or ">=" in condition else [(len(cancelled),)]
    )
    assert 0 < len(cancelled) < everything[0][0]


@pytest.fixture(scope="module")
def busy() -> obsim.Cluster:
    """A cluster with rows in every state: ended, cancelled and running jobs, sets, changed blocks."""
    cluster = obsim.Cluster(version="4.3.3")
    cluster.execute("ALTER SYSTEM BACKUP DATABASE")
    cluster.run_until_idle()
    cluster.write("mysql_tenant", "t1", 7)
    cluster.execute("ALTER SYSTEM BACKUP INCREMENTAL DATABASE")
    cluster.advance(seconds=3)
    cluster.execute("ALTER SYSTEM CANCEL BACKUP", tenant="mysql_tenant")
    cluster.advance(seconds=1)
    return cluster


TAILS = ("", " LIMIT 3", " ORDER BY 2 DESC LIMIT 4", " ORDER BY 1, 2 LIMIT 2, 5", " WHERE 1 = 1 LIMIT 7")


@pytest.mark.parametrize("tail", TAILS)
@pytest.mark.parametrize("tenant", ["sys", "mysql_tenant", "oracle_tenant"])
def test_whole_rows_are_the_rows_that_sqlite_would_give(busy: obsim.Cluster, tenant: str, tail: str) -> None:
    """Every view, values and their types: taking rows as they are must not be told from reading them."""
    session = busy.session(tenant=tenant)._session
    evaluator, catalog = busy.host.evaluator, busy.host.catalog
    compared = 0
    for schema in {*catalog.schemas(session.tenant), *(["obsim"] if tenant == "sys" else [])}:
        for view in catalog.views(schema, session.tenant):
            if len(catalog.columns(view)) < 2:
                continue
            plan = evaluator.compile(f"SELECT * FROM {schema}.{view.name}{tail}", session)
            if plan.row_sql is not None:
                whole = evaluator.run(plan, session).rows
                read = evaluator.run(replace(plan, row_sql=None), session).rows
                assert [[(type(v), v) for v in row] for row in whole] == [[(type(v), v) for v in row] for row in read]
                compared += 1
    assert compared > 5


def test_what_is_not_whole_rows_is_read(busy: obsim.Cluster) -> None:
    session = busy.session()._session
    view = "oceanbase.CDB_OB_BACKUP_JOBS"
    for text in (
        f"SELECT JOB_ID FROM {view}",
        f"SELECT DISTINCT * FROM {view}",
        f"SELECT * FROM {view} ORDER BY JOB_ID",
        f"SELECT * FROM {view} GROUP BY JOB_ID",
        f"SELECT * FROM {view} a JOIN {view} b USING (JOB_ID)",
        f"SELECT * FROM {view} UNION SELECT * FROM {view}",
        f"SELECT * FROM (SELECT * FROM {view}) d",
    ):
        assert busy.host.evaluator.compile(text, session).row_sql is None, text

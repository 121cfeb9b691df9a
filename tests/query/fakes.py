"""A small catalog, state and session for the tests of the evaluator: views with NULLs, times, decimals and SCNs."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from obsim.answers import ResultSet, Value
from obsim.catalog.catalog import Catalog
from obsim.catalog.model import ColumnDef, Scope, ViewDef
from obsim.catalog.part import Part
from obsim.cluster import ClusterState, Tenant
from obsim.errors import error
from obsim.query.evaluator import Evaluator
from obsim.versions import PROFILES

START_NS = 1_704_038_400_000_000_000  # 2024-01-01 00:00:00 +08:00
SCN = 1_704_038_400_000_000_000

JOBS: list[tuple[Value, ...]] = [
    (
        1002,
        1,
        "FULL",
        "COMPLETED",
        "2024-01-01 00:00:00.000000",
        "2024-01-01 00:10:00.500000",
        SCN,
        1048576,
        "1.50",
        "",
    ),
    (
        1002,
        2,
        "INC",
        "FAILED",
        "2024-01-02 00:00:00.250000",
        "2024-01-02 00:00:30.000000",
        SCN + 1000,
        2097152,
        "10.00",
        None,
    ),
    (1004, 3, "FULL", "DOING", "2024-01-03 12:34:56.789012", None, SCN + 2_000_000_000, 0, "0.00", "über"),
    (
        1004,
        4,
        "inc",
        "completed",
        "2024-02-29 23:59:59.999999",
        "2024-03-01 00:00:00.000000",
        2**62 - 1,
        None,
        None,
        "a_b%c",
    ),
]
TENANTS: list[tuple[Value, ...]] = [
    (1, "sys", "SYS", None),
    (1002, "mysql_tenant", "USER", 2),
    (1004, "oracle_tenant", "USER", 4),
    (1006, "Empty", "USER", None),
]
JOB_COLUMNS = (
    ("TENANT_ID", "bigint(20)", False),
    ("JOB_ID", "bigint(20)", False),
    ("BACKUP_TYPE", "varchar(4096)", False),
    ("STATUS", "varchar(64)", False),
    ("START_TIMESTAMP", "timestamp(6)", False),
    ("END_TIMESTAMP", "timestamp(6)", True),
    ("START_SCN", "bigint(20) unsigned", False),
    ("OUTPUT_BYTES", "bigint(20)", True),
    ("RATE", "decimal(26,2)", True),
    ("COMMENT", "varchar(4096)", True),
)
TENANT_COLUMNS = (
    ("TENANT_ID", "bigint(20)", False),
    ("TENANT_NAME", "varchar(128)", False),
    ("TENANT_TYPE", "varchar(64)", False),
    ("UNIT_NUM", "bigint(20)", True),
)


def view(name: str, columns: Sequence[tuple[str, str, bool]], rows: list[tuple[Value, ...]], **marks: Any) -> ViewDef:
    definitions = tuple(ColumnDef(n, t, nullable) for n, t, nullable in columns)
    families = marks.pop("families", ("jobs",))
    return ViewDef(marks.pop("schema", "oceanbase"), name, definitions, families, lambda *_: rows, **marks)


@dataclass
class FakeState:
    now_ns: int = START_NS + 90_061_123_456_000  # 2024-01-02 01:01:01.123456 +08:00
    revisions: dict[str, int] = field(default_factory=dict)
    profile: Any = PROFILES["4.2.1"]
    seed: int = 1

    def revision(self, families: tuple[str, ...]) -> int:
        return sum(self.revisions.get(f, 0) + (self.now_ns if f == "time" else 0) for f in families)

    def touch(self, family: str) -> None:
        self.revisions[family] = self.revisions.get(family, 0) + 1


class FakeCatalog:
    def __init__(self, views: Sequence[ViewDef]) -> None:
        self.all = {(v.schema.lower(), v.name.lower()): v for v in views}
        self.reads: list[str] = []

    def find(self, schema: str, name: str, tenant: Tenant) -> ViewDef | None:
        return self.all.get((schema.lower(), name.lower()))

    def columns(self, view: ViewDef) -> tuple[ColumnDef, ...]:
        return view.columns

    def parts(self, view: ViewDef, scope: Scope) -> list[Part]:
        self.reads.append(view.name)
        return [Part((), list(cast(Any, view.rows)(None, scope)))]


@dataclass(frozen=True)
class FakeTenant:
    tenant_id: int = 1
    name: str = "sys"
    mode: str = "MYSQL"
    kind: str = "SYS"


@dataclass
class FakeSession:
    connection_id: int = 7
    user: str = "root"
    host: str = "127.0.0.1"
    account_host: str = "%"
    database: str | None = "oceanbase"
    tenant: Any = FakeTenant()
    offset_s: int = 28_800
    control: bool = False
    variables: dict[str, Value] = field(
        default_factory=lambda: {"version": "5.7.25-OceanBase-v4.2.1.0", "autocommit": 1}
    )
    user_variables: dict[str, Value] = field(default_factory=dict)
    warnings: list[tuple[int, str]] = field(default_factory=list)

    def warn(self, code: int, message: str) -> None:
        self.warnings.append((code, message))

    def listing(self, view: str) -> list[tuple[Value, ...]]:
        raise KeyError(view)

    def system_variable(self, name: str, scope: str) -> Value:
        if name.lower() not in self.variables:
            raise error("OB_ERR_SYS_VARIABLE_UNKNOWN", name)
        return self.variables[name.lower()]

    def user_variable(self, name: str) -> Value:
        return self.user_variables.get(name.lower())


class World:
    """An evaluator over fakes, with a short way to ask."""

    def __init__(self) -> None:
        self.jobs, self.tenants = list(JOBS), list(TENANTS)
        self.clock: list[tuple[Value, ...]] = [("x",)]
        self.state = FakeState()
        self.catalog = FakeCatalog(
            [
                view("CDB_JOBS", JOB_COLUMNS, self.jobs),
                view("DBA_TENANTS", TENANT_COLUMNS, self.tenants, families=("tenants",)),
                view("HISTORY", JOB_COLUMNS[:3], [], families=("job_history",), append_only=True),
                view("MOMENT", (("X", "varchar(5)", False),), self.clock, families=("time",)),
                view("secrets", (("X", "varchar(5)", False),), self.clock, schema="obsim"),
            ]
        )
        self.evaluator = Evaluator(cast(ClusterState, self.state), cast(Catalog, self.catalog))
        self.session = FakeSession()

    def ask(self, text: str, *parameters: Value, **facts: Any) -> ResultSet:
        session = cast(Any, replace(self.session, **facts))
        return self.evaluator.run(self.evaluator.compile(text, session), session, parameters)

    def rows(self, text: str, *parameters: Value, **facts: Any) -> list[tuple[Value, ...]]:
        return [tuple(row) for row in self.ask(text, *parameters, **facts).rows]

    def value(self, expression: str, *parameters: Value, **facts: Any) -> Value:
        return self.rows(f"SELECT {expression}", *parameters, **facts)[0][0]

    def labels(self, text: str) -> list[str]:
        return [column.name for column in self.ask(text).columns]

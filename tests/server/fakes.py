"""A host without an engine: answers by text, so that the server can be tested by itself."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha1
from re import sub
from typing import Any

from obsim.answers import Answer, Column, MysqlType, Ok, ResultSet, Value
from obsim.charsets import character_set
from obsim.errors import SyntaxRefused, error
from obsim.faults import Faults
from obsim.server import Limits, ListenOptions, ThreadedServer


@dataclass(frozen=True)
class FakeUser:
    name: str
    password_sha1: bytes = b""
    host: str = "%"
    locked: bool = False
    ssl_type: str = ""


@dataclass
class FakeTenant:
    name: str
    kind: str
    mode: str
    users: dict[str, FakeUser]
    normal: bool = True
    locked: bool = False

    def invites(self, address: str) -> bool:
        return bool(address)

    def find_user(self, name: str, address: str | None = None) -> FakeUser | None:
        return self.users.get(name.upper() if self.mode == "ORACLE" else name)


@dataclass(frozen=True)
class FakeProfile:
    server_version: str = "5.7.25-OceanBase_CE-v4.2.1.0"


def digest(password: str) -> bytes:
    return sha1(sha1(password.encode()).digest()).digest()


@dataclass
class FakeState:
    profile: FakeProfile = FakeProfile()
    cluster_name: str = "obcluster"
    timeline: int = 0
    revisions: dict[str, int] = field(default_factory=lambda: {"jobs": 0})
    faults: Faults = field(default_factory=lambda: Faults(0))
    tenants: dict[int, FakeTenant] = field(
        default_factory=lambda: {
            1: FakeTenant("sys", "SYS", "MYSQL", {"root": FakeUser("root"), "pw": FakeUser("pw", digest("secret"))}),
            1001: FakeTenant("META$1002", "META", "MYSQL", {"root": FakeUser("root")}),
            1002: FakeTenant("mysql_tenant", "USER", "MYSQL", {"root": FakeUser("root")}),
            1004: FakeTenant("oracle_tenant", "USER", "ORACLE", {"SYS": FakeUser("SYS")}),
        }
    )

    def tenant_named(self, name: str) -> FakeTenant | None:
        return next((tenant for tenant in self.tenants.values() if tenant.name == name), None)

    def revision(self, families: tuple[str, ...]) -> int:
        return sum(self.revisions[family] for family in families)


@dataclass
class FakePending:
    """Takes `seconds` of real time in all, `chunk_s` between two looks at the budget."""

    seconds: float
    chunk_s: float = 0.001
    cancelled: bool = False
    waits: bool = False
    holds_clock: bool = False
    slices: list[float] = field(default_factory=list)

    def step(self, out_of_time: Callable[[], bool]) -> Answer | None:
        started = time.perf_counter()
        while not self.cancelled:
            if self.seconds <= 0:
                return Ok(info="arrived")
            time.sleep(self.chunk_s)
            self.seconds -= self.chunk_s
            if out_of_time():
                self.slices.append(time.perf_counter() - started)
                return None
        raise error("OB_ERR_QUERY_INTERRUPTED")

    def cancel(self) -> None:
        self.cancelled = True


@dataclass
class FakePrepared:
    text: str
    parameter_count: int
    columns: tuple[Column, ...]

    def taken_columns(self) -> tuple[Column, ...]:
        return self.columns


ONE = ResultSet((Column("1", MysqlType.LONGLONG, 20),), ((1,),))
TEXT = Column("t")
ECHO = (TEXT,)


class FakeSession:
    def __init__(self, host: "FakeHost", user: str, tenant: FakeTenant, address: str, connection_id: int) -> None:
        self.host, self.user, self.tenant, self.address, self.connection_id = host, user, tenant, address, connection_id
        self.database: str | None = None
        self.charset = "utf-8"
        self.families: tuple[str, ...] | None = None
        self.status_flags = 2
        self.warnings: list[tuple[str, int, str]] = []
        self.killed = False
        self.on_kill: Callable[[bool], None] | None = None
        self.row_count, self.found_rows = -1, 0
        self.recorded = ""
        self.reply = None
        self.repeated: list[tuple[str, int]] = []
        self.tls = ("", "")

    @property
    def fingerprint(self) -> tuple[object, ...]:
        return self.user, self.tenant.name, self.database, self.charset, bool(self.warnings)

    def use(self, database: str) -> None:
        if database not in {"oceanbase", "test"}:
            raise error("OB_ERR_BAD_DATABASE")
        self.database = database

    def reset(self) -> None:
        self.charset = "utf-8"

    def repeat(self, text: str, row_count: int) -> None:
        self.repeated.append((text, row_count))

    def execute(self, text: str) -> Any:
        text = self.host.rewrite(text)
        self.host.executed.append((self.user, text))
        self.families = None
        self.warnings.clear()
        word, _, rest = text.strip().partition(" ")
        if not word:
            raise error("ER_EMPTY_QUERY")
        if ";" in sub(r"'[^']*'", "", text).rstrip(";"):
            raise SyntaxRefused(text[text.index(";") :], 1)
        action = ACTIONS.get(word.upper())
        if action is None:
            self.warnings.append(("Error", 1064, "syntax"))
            raise SyntaxRefused(text, 1)
        return action(self, rest)

    def prepare(self, text: str) -> FakePrepared:
        self.host.executed.append((self.user, f"PREPARE {text}"))
        count = text.count("?")
        rows = text.upper().startswith("SELECT")
        columns = tuple(Column(f"c{n}") for n in range(max(count, 1))) if rows else ()
        return FakePrepared(text, count, columns)

    def stands_alone(self, text: str) -> bool:
        return sub(r"/\*.*?\*/|(#|-- )[^\n]*\n", "", text).strip().upper().startswith(("KILL", "SET NAMES"))

    def execute_alone(self, text: str) -> Any:
        return self.execute(text)

    def jumps(self, asked: "str | FakePrepared") -> bool:
        return (asked if isinstance(asked, str) else asked.text).startswith("CALL")

    def execute_prepared(self, prepared: FakePrepared, parameters: Sequence[Value]) -> Any:
        self.host.bound.append(tuple(parameters))
        self.host.executed.append((self.user, f"EXECUTE {prepared.text}"))
        if not prepared.columns:
            return self.execute(prepared.text)
        if prepared.text.upper().startswith("SELECT MANY"):
            return ResultSet((Column("n", MysqlType.LONGLONG, 20),), [(n,) for n in range(int(parameters[0] or 0))])
        return ResultSet(prepared.columns, (tuple(parameters) or (1,),))


def _select(session: FakeSession, rest: str) -> Any:
    session.families = ()
    if rest in {"1", "2", "3"}:
        return ResultSet((Column(rest, MysqlType.LONGLONG, 20),), ((int(rest),),)) if rest != "1" else ONE
    if rest == "jobs":
        session.families = ("jobs",)
        return ResultSet((Column("n", MysqlType.LONGLONG, 20),), ((session.host.state.revisions["jobs"],),))
    if rest.startswith("repeat "):
        return ResultSet(ECHO, (("x" * int(rest.split()[1]),),))
    if rest.startswith("rows "):
        return ResultSet(ECHO, [(f"row {n}",) for n in range(int(rest.split()[1]))])
    if rest == "volatile":
        session.families = None
        session.host.counter += 1
        return ResultSet(ECHO, ((str(session.host.counter),),))
    if rest == "user":
        return ResultSet(ECHO, ((f"{session.user}@{session.tenant.name}",),))
    if rest == "defect":
        raise KeyError(rest + " secret")
    if rest == "unwritable":
        return ResultSet((Column("n", MysqlType.LONGLONG, 20),), ((object(),),))  # type: ignore[arg-type]
    return ResultSet(ECHO, ((rest,),))


def _kill(session: FakeSession, rest: str) -> Ok:
    query_only, number = rest.upper().startswith("QUERY"), int(rest.rsplit(maxsplit=1)[-1])
    victim = session.host.sessions.get(number)
    if victim is None:
        raise error("ER_NO_SUCH_THREAD", number)
    victim.killed = not query_only
    if victim.on_kill is not None:
        victim.on_kill(query_only)
    return Ok()


def _set(session: FakeSession, rest: str) -> Ok:
    words = rest.split()
    if words[0].upper() == "NAMES":
        session.charset = character_set(words[1].strip("'")).codec
    return Ok()


def _wait(session: FakeSession, rest: str) -> FakePending:
    pending = FakePending(float(rest))
    session.host.pendings.append(pending)
    return pending


def _bump(session: FakeSession, rest: str) -> Ok:
    session.host.state.revisions["jobs"] += 1
    return Ok(affected_rows=int(rest or 0))


def _back(session: FakeSession, _: str) -> Ok:
    """As restore_snapshot: revisions go back to what they were, with other rows."""
    session.host.state.timeline += 1
    session.host.state.revisions["jobs"] = 0
    return Ok()


def _use(session: FakeSession, rest: str) -> Ok:
    session.use(rest)
    return Ok()


ACTIONS: dict[str, Callable[[FakeSession, str], Any]] = {
    "SELECT": _select,
    "KILL": _kill,
    "SET": _set,
    "WAIT": _wait,
    "BUMP": _bump,
    "BACK": _back,
    "CREATE": lambda session, rest: Ok(),
    "DROP": lambda session, rest: Ok(),
    "USE": _use,
}


class FakeHost:
    def __init__(self) -> None:
        self.state = FakeState()
        self.sessions: dict[int, FakeSession] = {}
        self.executed: list[tuple[str, str]] = []
        self.bound: list[tuple[Value, ...]] = []
        self.pendings: list[FakePending] = []
        self.behind: list[FakePending] = []
        self.counter = 0
        self.rewrite: Callable[[str], str] = lambda text: text
        self.last = 0

    def next_connection_id(self) -> int:
        self.last += 1
        return self.last

    def open(
        self,
        user: str,
        tenant: FakeTenant,
        host: str,
        database: str | None,
        connection_id: int | None = None,
        account_host: str = "%",
    ) -> FakeSession:
        session = FakeSession(self, user, tenant, host, connection_id or self.next_connection_id())
        if database is not None:
            if database not in {"oceanbase", "test"}:
                raise error("OB_ERR_BAD_DATABASE", database)
            session.database = database
        self.sessions[session.connection_id] = session
        return session

    def close(self, session: FakeSession) -> None:
        self.sessions.pop(session.connection_id, None)

    def settle(self) -> FakePending | None:
        return self.behind.pop() if self.behind else None


class FakeServer(ThreadedServer):
    def call_held(self, count: int) -> bool:
        """Whether so many statements wait."""
        return len(self.listener.shared.gate._waiting) >= count


def fake_server(
    engine: FakeHost | None = None, *, loop: str = "asyncio", limits: Limits | None = None, **options: Any
) -> FakeServer:
    served = engine or FakeHost()
    where = ListenOptions(limits=limits or Limits(), **options)
    return FakeServer(lambda: (served, served), where, loop=loop)

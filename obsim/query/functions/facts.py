"""What a query may ask of its session and of the moment: values fixed once for each statement and bound."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from obsim.answers import Value
from obsim.cluster import ClusterState, Tenant
from obsim.errors import ServerError
from obsim.ids import display_time
from obsim.query.moments import time_text
from obsim.units import DAY_US, SECOND_NS

__all__ = [
    "Binding", "Facts", "SessionFacts", "connection_id", "current_date", "current_time", "current_user", "database",
    "effective_tenant", "found_rows", "group_concat_bytes", "last_insert_id", "moment_now", "ob_version",
    "row_count", "session_user", "sleep", "tenant_id", "unix_now", "utc_date", "utc_now", "utc_time", "version",
    "zone_offset",
]

GROUP_CONCAT_BYTES = 1024


class SessionFacts(Protocol):
    """What a query can ask of its session. A variable that does not exist raises 1193."""

    @property
    def connection_id(self) -> int:
        """CONNECTION_ID()."""

    @property
    def account_host(self) -> str:
        """Host of the account."""

    @property
    def user(self) -> str:
        """Name of the user."""

    @property
    def host(self) -> str:
        """Address of the client."""

    @property
    def database(self) -> str | None:
        """The current database."""

    @property
    def tenant(self) -> Tenant:
        """Whose session it is."""

    @property
    def offset_s(self) -> int:
        """Seconds east of UTC of its time zone."""

    @property
    def control(self) -> bool:
        """Whether it sees the schema obsim."""

    def system_variable(self, name: str, scope: str) -> Value:
        """The value of a variable; `scope` is 'session' or 'global'. Raises 1193."""

    def user_variable(self, name: str) -> Value:
        """The value of `@name`, None if it was never set."""

    def warn(self, code: int, message: str) -> None:
        """Add a warning to those of the running statement."""

    def listing(self, view: str) -> Sequence[tuple[Value, ...]]:
        """The rows this session finds in a view of information_schema that is `of_session`."""


@dataclass(frozen=True, slots=True)
class Facts:
    """State and session at the moment of a statement."""

    state: ClusterState
    session: SessionFacts


Binding = Callable[[Facts], Value]
"""Gives the value of one bound parameter for a statement."""


def _now(facts: Facts, digits: int, offset_s: int) -> str:
    text = display_time(facts.state.now_ns, offset_s, digits)
    return (text if digits else text + ".").ljust(26, "0")


def moment_now(facts: Facts, digits: int = 0) -> Value:
    """NOW(n): virtual time in the session's zone."""
    return _now(facts, digits, facts.session.offset_s)


def utc_now(facts: Facts, digits: int = 0) -> Value:
    """UTC_TIMESTAMP(n)."""
    return _now(facts, digits, 0)


def current_date(facts: Facts) -> Value:
    """CURDATE()."""
    return _now(facts, 0, facts.session.offset_s)[:10]


def utc_date(facts: Facts) -> Value:
    """UTC_DATE()."""
    return _now(facts, 0, 0)[:10]


def _time_of_day(facts: Facts, digits: int, offset_s: int) -> Value:
    micros = (facts.state.now_ns + offset_s * SECOND_NS) // 1000 % DAY_US
    return time_text(micros, digits)


def current_time(facts: Facts, digits: int = 0) -> Value:
    """CURTIME(n)."""
    return _time_of_day(facts, digits, facts.session.offset_s)


def utc_time(facts: Facts, digits: int = 0) -> Value:
    """UTC_TIME(n)."""
    return _time_of_day(facts, digits, 0)


def unix_now(facts: Facts) -> Value:
    """UNIX_TIMESTAMP() without an argument."""
    return facts.state.now_ns // SECOND_NS


def zone_offset(facts: Facts) -> Value:
    """Seconds east of UTC of the session's zone."""
    return facts.session.offset_s


def version(facts: Facts) -> Value:
    """VERSION(), the variable of that name."""
    return facts.session.system_variable("version", "global")


def ob_version(facts: Facts) -> Value:
    """OB_VERSION(): the four numbers."""
    return str(facts.state.profile.version)


def database(facts: Facts) -> Value:
    """DATABASE(), NULL if none was chosen."""
    return facts.session.database


def session_user(facts: Facts) -> Value:
    """USER(): name and client address."""
    return f"{facts.session.user}@{facts.session.host}"


def current_user(facts: Facts) -> Value:
    """CURRENT_USER(): the account; accounts of obsim are valid from anywhere."""
    return f"{facts.session.user}@{facts.session.account_host}"


def connection_id(facts: Facts) -> Value:
    """CONNECTION_ID()."""
    return facts.session.connection_id


def effective_tenant(facts: Facts) -> Value:
    """EFFECTIVE_TENANT()."""
    return facts.session.tenant.name


def tenant_id(facts: Facts) -> Value:
    """EFFECTIVE_TENANT_ID() and TENANT_ID()."""
    return facts.session.tenant.tenant_id


def last_insert_id(_facts: Facts) -> Value:
    """LAST_INSERT_ID(): nothing obsim models has an auto-increment column."""
    return 0


def row_count(_facts: Facts) -> Value:
    """ROW_COUNT(): -1, as after a statement that gave rows."""
    return getattr(_facts.session, "row_count", -1)


def found_rows(facts: Facts) -> Value:
    """FOUND_ROWS(): what the session counted, if it counts."""
    return getattr(facts.session, "found_rows", 0)


def sleep(_facts: Facts) -> Value:
    """SLEEP(n) answers 0 at once: it neither holds up the server nor moves virtual time."""
    return 0


def group_concat_bytes(facts: Facts) -> Value:
    """`group_concat_max_len` of the session."""
    try:
        value = facts.session.system_variable("group_concat_max_len", "session")
    except ServerError:
        return GROUP_CONCAT_BYTES
    return int(value) if isinstance(value, int | str) else GROUP_CONCAT_BYTES

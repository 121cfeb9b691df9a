"""One login: who it is, what it may, its settings, and what its last statement has left."""

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING

from obsim.answers import Value
from obsim.client_statements import ClientStatement
from obsim.cluster import Principal, Tenant, User
from obsim.errors import ServerError, error
from obsim.ids import TenantId
from obsim.session.jumps import Polls
from obsim.session.named import NamedStatements
from obsim.session.settings import SessionSettings
from obsim.session.transactions import TransactionState
from obsim.statements import BackupStatement, CallProcedure, RestorePoint, Secret, masked
from obsim.units import SECOND_NS
from obsim.variables import check_readable, find_variable

if TYPE_CHECKING:
    from obsim.faults import FaultRule
    from obsim.query.evaluator import QueryPlan
    from obsim.session.host import SessionHost
    from obsim.session.pending import Pending
    from obsim.session.settings import GlobalSettings

__all__ = ["Login", "Statement"]

STATUS_IN_TRANS = 0x0001
STATUS_AUTOCOMMIT = 0x0002
STATUS_NO_INDEX_USED = 0x0020
"""The recorded engine sets this one in every OK."""
WARNINGS_MAX = 64

Statement = ClientStatement | BackupStatement


class Login:
    """An authenticated user. It is what a query can ask about its session (`SessionFacts`) as well.

    `warnings` holds (level, code, message) of the last statement that could have some; `families` names what the answer
    just given depends on beside `fingerprint`, None if it must not be kept.
    """

    def __init__(
        self,
        host: "SessionHost",
        connection_id: int,
        user: str,
        tenant_id: TenantId,
        address: str,
        account_host: str = "%",
    ) -> None:
        self._host = host
        self.connection_id = connection_id
        self.user = user
        self.account_host = account_host
        """Host of the account that logged in: what stands behind @ in CURRENT_USER()."""
        self.tenant_id = tenant_id
        self._dropped_tenant: Tenant | None = None
        self.address = address
        self.host = address.rpartition(":")[0] if address.count(":") == 1 else address
        """The client's address without its port."""
        self.opened_ns = host.state.now_ns
        self.killed = False
        self.tls = ("", "")
        """Cipher and version of the encryption, two empty texts without."""
        self.on_kill: Callable[[bool], None] | None = None
        self.on_cut: Callable[[], None] | None = None
        """Ends the line to its client at once."""
        # In Oracle mode the schema of the user is the current one; in MySQL mode there is none until one is named.
        self.database: str | None = "SYS" if self.tenant.mode == "ORACLE" else None
        self._start()

    def _start(self) -> None:
        """The state a login and COM_RESET_CONNECTION begin with; the database is not part of it."""
        self.settings = SessionSettings(
            self.globals,
            {
                "warning_count": lambda: len(self.warnings),
                "error_count": lambda: sum(level == "Error" for level, _, _ in self.warnings),
                "timestamp": lambda: self._host.state.now_ns // SECOND_NS,
            },
        )
        self.user_variables: dict[str, Value] = {}
        self.named = NamedStatements({})
        """What PREPARE has prepared."""
        self.warnings: list[tuple[str, int, str]] = []
        self._warning_serial = 0
        self.families: tuple[str, ...] | None = None
        self.encryption: Secret | None = None
        self.decryption: tuple[Secret, ...] = ()
        self.restore_preview: tuple[str, RestorePoint] | None = None
        """The URIs and the point of the last PREVIEW, until it has been listed."""
        self.restore_source = ""
        self.unlocked = False
        self.transaction = TransactionState()
        self.polls = Polls()
        self.row_count, self.found_rows = -1, 0
        """What ROW_COUNT() and FOUND_ROWS() say of the last statement."""
        self.statement: Statement | None = None
        """What runs now, for SHOW PROCESSLIST."""
        self.stalled = False
        """Whether a fault keeps its answer back."""
        self.under_way: Pending | None = None
        """What runs now, where it asks the outside itself or is to move the clock."""
        self.reply: FaultRule | None = None
        """What becomes of the answer just given on its way to the client."""
        self.recorded = ""
        """The last statement as the journal has it."""
        self.asked: Statement | str | None = None
        """What the journal gets once it is answered: a text until it is read, None for what controls obsim."""
        self.asked_ns = 0

    def owning(self, pending: "Pending") -> "Pending":
        """Note that what runs now asks the outside itself, or is to move the clock: see `holds_clock`."""
        pending.own = True
        self.under_way = pending
        return pending

    @property
    def holds_clock(self) -> bool:
        """Whether its statement waits for the outside, so that nobody may move the clock."""
        return self.statement is not None and self.under_way is not None and self.under_way.holds_clock

    # What queries and handlers ask of a session.

    @property
    def cluster(self) -> "SessionHost":
        """The host this session is open on."""
        return self._host

    @property
    def tenant(self) -> Tenant:
        """The tenant, as the cluster has it now, or had it last where it was dropped."""
        return self._dropped_tenant or self._host.state.tenants[self.tenant_id]

    @property
    def globals(self) -> "GlobalSettings":
        """Global variables of the tenant."""
        return self._host.globals_of(self.tenant)

    @property
    def offset_s(self) -> int:
        """The session's time zone, seconds east of UTC."""
        return self.settings.offset_s

    @property
    def charset(self) -> str:
        """Python's name of the encoding that results are sent in."""
        return self.settings.codec

    @property
    def control(self) -> bool:
        """Whether this session may use the schema `obsim` and the control procedures now."""
        access = self._host.control
        return access.enabled and self.tenant.kind == "SYS" and (self.unlocked or not access.needs_password)

    @property
    def principal(self) -> Principal:
        """Who statements that change the cluster are run by."""
        recyclebin = bool(self.settings.get("recyclebin"))
        return Principal(
            self.tenant_id, self.user, self.encryption, self.account_host, self.offset_s, self.restore_source,
            recyclebin, self.decryption,
        )

    @property
    def status_flags(self) -> int:
        """The status bits of an OK packet."""
        flags = STATUS_NO_INDEX_USED
        if self.settings.autocommit:
            flags |= STATUS_AUTOCOMMIT
        return flags | STATUS_IN_TRANS if self.transaction.active else flags

    @property
    def fingerprint(self) -> tuple[Hashable, ...]:
        """All that an answer may depend on beside its text and the state; no two lists of warnings are alike."""
        return (
            self.tenant_id, self.user, self.host, self.database, self.control, self.settings.key,
            self.globals.change_count, self.transaction.active, self._warning_serial, self._host.state.timeline,
            self.account_host, self._host.state.revisions.count("accounts"),
        )  # fmt: skip

    @property
    def account(self) -> User | None:
        """The account as it is now; None when it was dropped under the session, which may nothing then."""
        return self.tenant.account(self.user, self.account_host)

    def may(self, privilege: str, schema: str = "", table: str = "") -> bool:
        """Whether the account has a privilege on a level."""
        account = self.account
        return account is not None and account.may(privilege, schema, table)

    def check_schema(self, schema: str) -> None:
        """Raises 1044 where the account has nothing in a schema."""
        account = self.account
        if schema != "obsim" and (account is None or not account.sees(schema)):
            raise error("OB_ERR_NO_DB_PRIVILEGE", self.user, self.account_host, schema)

    def check_views(self, plan: "QueryPlan") -> None:
        """Raises 1142 for the first view that the account may not read; information_schema is everybody's."""
        for view in plan.views:
            free = view.schema in {"information_schema", "obsim"}
            if not free and not self.may("SELECT", view.schema, view.name):
                raise error("OB_ERR_NO_TABLE_PRIVILEGE", "SELECT", self.user, self.account_host, view.name)

    def system_variable(self, name: str, scope: str) -> Value:
        """The value of `@@name`; `scope` is `session`, `global` or `''`. Raises 1193, and 1238 for the wrong scope."""
        variable = find_variable(name)
        check_readable(variable, scope)
        return self.settings.read(variable, scope)

    def user_variable(self, name: str) -> Value:
        """The value of `@name`, NULL if it was never set."""
        return self.user_variables.get(name.lower())

    def schema_named(self, name: str) -> str | None:
        """The schema of a name in any letter case as this session writes it, None if it has none such."""
        if name.lower() == "obsim":
            return "obsim" if self.control else None
        for schema in self._host.catalog.schemas(self.tenant):
            if schema.lower() == name.lower():
                return schema
        return None

    def use(self, database: str) -> None:
        """COM_INIT_DB. Raises 1049, whose text here names no database (recorded)."""
        name = self.schema_named(database)
        if name is None:
            raise self.noted(error("OB_ERR_BAD_DATABASE"))
        try:
            self.check_schema(name)
        except ServerError as refused:
            raise self.noted(refused) from None
        self.database = name
        self.settings.name_database()

    def reset(self) -> None:
        """COM_RESET_CONNECTION: everything but the login and the database is as at the start."""
        self._start()

    def cluster_was_reset(self) -> None:
        """The cluster began anew: settings stay, what belonged to the old one does not."""
        self.settings.globals = self.globals
        self.transaction = TransactionState()
        self.polls = Polls()
        self.opened_ns = self._host.state.now_ns

    # What becomes of a statement.

    def warn(self, code: int, message: str) -> None:
        """Add a warning to those of the running statement."""
        if len(self.warnings) < WARNINGS_MAX:
            self._add_warning("Warning", code, message)

    def _add_warning(self, level: str, code: int, message: str) -> None:
        self.warnings.append((level, code, message))
        self._host.warning_serial += 1
        self._warning_serial = self._host.warning_serial

    def noted(self, refused: ServerError) -> ServerError:
        """An error is the one entry that SHOW WARNINGS has after it (recorded: "same as the error")."""
        self.warnings.clear()
        self._add_warning("Error", refused.errno, refused.message)
        self.statement = None
        self._record(refused.errno, 0)
        return refused

    def _record(self, errno: int, row_count: int) -> None:
        """Tell the journal how the statement ended, once."""
        asked, self.asked = self.asked, None
        if asked is None:
            return
        text = masked(asked) if isinstance(asked, str) else self._host.written(asked)
        self.repeat(text, row_count, errno, max(self._host.state.now_ns - self.asked_ns, 0))

    def repeat(self, text: str, row_count: int, errno: int = 0, elapsed_ns: int = 0) -> None:
        """Note a statement that was answered just now, perhaps with an answer that was kept."""
        state = self._host.state
        self.recorded = text
        self._host.journal.add(
            self.connection_id, self.tenant.name, self.user, state.now_ns, text, errno, row_count, elapsed_ns
        )
        state.revisions.touch("statements")

    def statement_text(self) -> str | None:
        """What runs now as SHOW PROCESSLIST may print it: without passwords."""
        statement = self.statement
        if statement is None:
            return None
        if isinstance(statement, CallProcedure) and statement.name == "unlock":
            return "CALL obsim.unlock('***')"
        return statement.masked_sql() if isinstance(statement, BackupStatement) else masked(statement.sql())

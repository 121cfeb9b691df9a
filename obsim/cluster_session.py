"""One login of a `Cluster` in this process."""

from types import TracebackType
from typing import TYPE_CHECKING, ClassVar, Self

from obsim.errors import UsageError
from obsim.row import Row, rows_of
from obsim.session import Pending, Session
from obsim.session.jumps import until_true

if TYPE_CHECKING:
    from obsim.api import Cluster

__all__ = ["ClusterSession"]


class ClusterSession:
    """One login that keeps its state: database, variables, encryption password. Close it, or use it in a `with`."""

    belongs_to_its_thread: ClassVar = True
    """Tells the proxy of `obsim.Server` to carry calls of this object to the thread it belongs to."""

    def __init__(self, cluster: "Cluster", session: Session) -> None:
        self._cluster = cluster
        self._session = session

    def execute(self, sql: str) -> list[Row]:
        """Run one statement; its rows, [] without any. Raises ServerError."""
        self._cluster._check_thread()  # noqa: SLF001 - one thing in two classes
        if self._session.killed:
            raise UsageError("this session was killed or closed: open another one")
        with self._cluster._keeping():  # noqa: SLF001 - one thing in two classes
            answer = self._session.execute(sql)
            return rows_of(answer.run() if isinstance(answer, Pending) else answer)

    query = execute

    def until(self, sql: str) -> Pending:
        """The way to the moment at which a query of this session is true: see `Cluster.run_until`."""
        return until_true(self._session, sql)

    @property
    def connection_id(self) -> int:
        """What CONNECTION_ID() says."""
        return self._session.connection_id

    @property
    def warnings(self) -> list[tuple[str, int, str]]:
        """(level, code, message) of the last statement, as SHOW WARNINGS lists them."""
        return list(self._session.warnings)

    def close(self) -> None:
        """Log out; closing twice is no error, nor is it once the cluster was closed."""
        self._cluster._check_thread(ended=True)  # noqa: SLF001 - one thing in two classes
        self._session.killed = True
        self._session.cluster.close(self._session)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

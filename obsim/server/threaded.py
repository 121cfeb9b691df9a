"""A server in a thread of its own, for tests written in Python."""

import asyncio
import concurrent.futures
import contextlib
import threading
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

from obsim.errors import UsageError
from obsim.server.defects import logger
from obsim.server.drivers import driver_arguments, url_of
from obsim.server.engine import Host
from obsim.server.gate import Turn
from obsim.server.limits import Limits
from obsim.server.listener import Listener, ListenOptions
from obsim.server.preload import preload_soon
from obsim.server.watchdog import Watchdog

if TYPE_CHECKING:
    from obsim.api import Cluster
    from obsim.session.journal import Journal

__all__ = ["LoopProxy", "Server", "ThreadedServer", "new_event_loop"]

STOP_TIMEOUT_S = 10.0


def new_event_loop(kind: str = "asyncio") -> asyncio.AbstractEventLoop:
    """A loop: `asyncio`, `uvloop`, or `auto` for uvloop where it is installed. Raises UsageError for another word."""
    if kind not in {"asyncio", "uvloop", "auto"}:
        raise UsageError(f"'{kind}' is not a loop: choose asyncio, uvloop or auto")
    if kind != "asyncio":
        try:
            import uvloop  # noqa: PLC0415 - an extra
        except ImportError:
            if kind == "uvloop":
                raise UsageError("uvloop is not installed: pip install 'obsim[speed]'") from None
        else:
            loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
            return loop
    return asyncio.new_event_loop()


class ThreadedServer:
    """A listener in its own thread, over what `build` makes there: an engine, and an object for other threads to use.

    Use it in a `with`, or call `start` and `stop`. `start` returns once the server listens and raises what kept it from
    listening; `stop` ends every connection, may be called again and never waits for ever.
    """

    def __init__(
        self, build: Callable[[], tuple[Host, object]], options: ListenOptions, *, loop: str = "asyncio"
    ) -> None:
        self._build = build
        self._options = options
        self._loop_kind = loop
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended: asyncio.Event
        self._calls: set[concurrent.futures.Future[Any]] = set()
        self._lock = threading.Lock()
        self.listener: Listener
        self._watchdog: Watchdog
        self._surface: object = None

    def start(self) -> Self:
        """Listen. Raises UsageError, ScenarioError, or whatever else made it impossible."""
        if self._thread is not None:
            raise UsageError("this server was started before: make another one")
        started: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._thread = threading.Thread(target=self._run, args=(started,), name="obsim-server", daemon=True)
        self._thread.start()
        try:
            started.result()
        except BaseException:
            self._thread.join(STOP_TIMEOUT_S)
            raise
        return self

    def _run(self, started: "concurrent.futures.Future[None]") -> None:
        try:
            loop = new_event_loop(self._loop_kind)
        except UsageError as failure:
            started.set_exception(failure)
            return
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(self._serve(started))
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            asyncio.set_event_loop(None)
            loop.close()

    async def _serve(self, started: "concurrent.futures.Future[None]") -> None:
        self._ended = asyncio.Event()
        try:
            engine, self._surface = self._build()
            self.listener = Listener(engine, self._options)
            await self.listener.start()
        except BaseException as failure:  # it is raised in the thread that waits
            try:
                self._over()
            finally:
                started.set_exception(failure)
            return
        self._loop = asyncio.get_running_loop()
        self._watchdog = Watchdog(self.listener.shared)
        started.set_result(None)
        preload_soon(self._loop)
        await self._ended.wait()
        self._watchdog.set(None)
        try:
            await self.listener.stop()
            self._over()
        finally:
            with self._lock:
                self._loop = None
                left = list(self._calls)
            for call in left:
                if not call.done():
                    call.set_exception(_stopped())

    def _over(self) -> None:
        """Nobody is served any more; runs in the thread, also where the start has failed."""

    def stop(self) -> None:
        """End every connection and the thread; nothing happens the second time."""
        loop, thread = self._loop, self._thread
        if loop is not None:
            try:
                loop.call_soon_threadsafe(self._ended.set)
            except RuntimeError:  # it ended by itself meanwhile
                self._loop = None
        if thread is not None and thread is not threading.current_thread():
            thread.join(STOP_TIMEOUT_S)
            if thread.is_alive():
                logger.error("the server's thread did not end within %g s and was left behind", STOP_TIMEOUT_S)

    def hang_up_after(self, seconds: float | None) -> None:
        """Cut off every client in so many real seconds, and whoever comes then, until this is called anew; None: never.

        For test runs that must not wait for a client that waits for ever. Nothing happens when the server does not run.
        """
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # it ends right now
                loop.call_soon_threadsafe(self._watchdog.set, seconds)

    @property
    def has_hung_up(self) -> bool:
        """Whether the time of `hang_up_after` was over."""
        return hasattr(self, "_watchdog") and self._watchdog.barked

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def host(self) -> str:
        """The address it listens on."""
        return self._options.host

    @property
    def port(self) -> int:
        """The port it listens on. Raises UsageError before `start`."""
        if self._thread is None or not hasattr(self, "listener"):
            raise UsageError("the server has not been started: call start() or use it in a with")
        return self.listener.port

    @property
    def http_address(self) -> str:
        """`HOST:PORT` of `/metrics`, `/ready` and `/health`. Raises UsageError for a server without `http`."""
        if self.listener.http is None:
            raise UsageError("this server has no pages: make it with http='0', or with a port")
        host = self.listener.http.host
        return f"{f'[{host}]' if ':' in host else host}:{self.listener.http.port}"

    @property
    def proxy(self) -> "LoopProxy":
        """The object that `build` made, for any thread."""
        return LoopProxy(self, self._surface)

    def call(self, function: Callable[[], Any], *, jumps: bool = False, kept: bool = False) -> Any:
        """Run a function on the loop, in the order of the clients' statements; its result or its exception.

        One that `jumps` moves the clock: see `Turn`. What is to be `kept` is told as to any client: once it is on disk,
        where the cluster is kept there; raises the ServerError of a disk that refuses it. Raises UsageError when the
        server does not run, and from within the loop, which would wait for itself.
        """
        if threading.current_thread() is self._thread:
            raise UsageError("the server's own thread cannot wait for itself: use this from another thread")
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()

        def done(answer: Any, failure: BaseException | None) -> None:
            shared = self.listener.shared
            shared.changed()
            if shared.outbox is None or not kept:
                told(answer, failure)
            else:
                shared.outbox.report(lambda refused: told(answer, refused or failure))

        def told(answer: Any, failure: BaseException | None) -> None:
            if future.done():
                return
            if failure is not None:
                future.set_exception(failure)
            else:
                future.set_result(answer)

        turn = Turn(self, function, done, is_jump=lambda: jumps)
        with self._lock:
            loop = self._loop
            if loop is None:
                raise _stopped()
            self._calls.add(future)
            loop.call_soon_threadsafe(lambda: self.listener.shared.gate.enter(turn))
        try:
            return future.result()
        finally:
            with self._lock:
                self._calls.discard(future)


def _stopped() -> UsageError:
    return UsageError("the server does not run: start it, and use it before it is stopped")


class LoopProxy:
    """An object that lives on a server's loop, with its public attributes and methods for any thread.

    What is reached through it runs in the order of the clients' statements; a session that it opens comes back as a
    proxy too.
    """

    __slots__ = ("_server", "_target")

    def __init__(self, server: ThreadedServer, target: object) -> None:
        self._server = server
        self._target = target

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        server, target = self._server, self._target
        if callable(getattr(type(target), name, None)):

            def call(*args: Any, **kwargs: Any) -> Any:
                # What moves the clock far is planned first, so that the loop can carry it on in slices.
                planned = getattr(target, f"plan_{name}", None)
                if planned is not None:
                    server.call(lambda: planned(*args, **kwargs), jumps=True, kept=True)
                    return None
                return self._wrapped(server.call(lambda: getattr(target, name)(*args, **kwargs), kept=True))

            call.__name__ = name
            return call
        return self._wrapped(server.call(lambda: getattr(target, name), kept=True))

    def _wrapped(self, value: Any) -> Any:
        from obsim.api import Cluster, ClusterSession  # noqa: PLC0415 - with the engine, in the server's thread
        from obsim.cluster import ClusterState  # noqa: PLC0415
        from obsim.session import SessionHost  # noqa: PLC0415
        from obsim.session.journal import Journal  # noqa: PLC0415

        living = Cluster | ClusterSession | ClusterState | Journal | SessionHost
        return LoopProxy(self._server, value) if isinstance(value, living) else value

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<proxy of {type(self._target).__name__}>"


class Server(ThreadedServer):
    """A simulated cluster that MySQL clients can reach, in a thread of its own.

    >>> with obsim.Server(scenario="three-tenants", clock="manual") as server:
    ...     connection = pymysql.connect(**server.connect_args("mysql_tenant"))
    ...     server.cluster.advance(minutes=5)

    `scenario`, `seed`, `clock` and further `options` are those of `obsim.Cluster`; one with a `data_dir` is closed when
    the server stops. `http` is where `/metrics`, `/ready` and `/health` are, as `[HOST:]PORT`; 0 takes a free port,
    which `http_address` tells. `loop` is `asyncio`, `uvloop`, or `auto` for uvloop where it is installed.
    """

    def __init__(
        self,
        scenario: str = "three-tenants",
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        seed: int = 0,
        clock: str | None = None,
        unix_socket: str | None = None,
        tls_cert: str | None = None,
        tls_key: str | None = None,
        allow_empty_passwords: bool = False,
        max_connections: int = 1000,
        http: str | None = None,
        limits: Limits | None = None,
        loop: str = "asyncio",
        **options: Any,
    ) -> None:
        self._cluster: Cluster | None = None

        def build() -> tuple[Host, object]:
            from obsim.api import ServedCluster  # noqa: PLC0415 - the engine loads in the server's thread

            self._cluster = ServedCluster(scenario, seed=seed, clock=clock, **options)
            return self._cluster.host, self._cluster

        where = ListenOptions(
            host=host,
            port=port,
            unix_socket=unix_socket,
            tls_cert=tls_cert,
            tls_key=tls_key,
            allow_empty_passwords=allow_empty_passwords,
            http=http,
            limits=limits or Limits(connections_max=max_connections),
        )
        super().__init__(build, where, loop=loop)

    def _over(self) -> None:
        if self._cluster is not None:
            self._cluster._end()  # noqa: SLF001 - it ends with its server, and for nobody else

    @property
    def cluster(self) -> "Cluster":
        """The cluster, with the methods of `obsim.Cluster`, from any thread."""
        return cast("Cluster", self.proxy)

    @property
    def journal(self) -> "Journal":
        """What clients have said, for assertions from any thread: `expect`, `find`, `records`."""
        return self.cluster.journal

    def connect_args(
        self,
        tenant: str = "sys",
        user: str | None = None,
        password: str = "",
        *,
        driver: str | None = None,
        unix_socket: bool = False,
    ) -> dict[str, Any]:
        """Arguments for `connect` of pymysql and drivers like it: by default root, in an Oracle-mode tenant SYS.

        With `driver`, one of pymysql, mysqlclient, mysql-connector, aiomysql and asyncmy, what it connects quickest by.
        With `unix_socket` through the socket the server was made with. Raises UsageError for a tenant that is not
        there, an unknown driver, a server without such a socket.
        """
        options = self._options
        if unix_socket and options.unix_socket is None:
            raise UsageError("this server has no unix socket: make it with unix_socket=PATH")
        path = options.unix_socket if unix_socket else None
        name = f"{self._user_of(tenant, user)}@{tenant}"
        tls = options.tls_cert is not None
        return driver_arguments(driver, self.host, self.port, name, password, path, tls=tls)

    def url(
        self,
        tenant: str = "sys",
        user: str | None = None,
        password: str = "",
        *,
        dialect: str = "mysql+pymysql",
        database: str = "oceanbase",
    ) -> str:
        """The same as a URL, as SQLAlchemy reads it."""
        return url_of(dialect, self.host, self.port, f"{self._user_of(tenant, user)}@{tenant}", password, database)

    def _user_of(self, tenant: str, user: str | None) -> str:
        engine = self.listener.engine
        found = self.call(lambda: engine.state.tenant_named(tenant))
        if found is None:
            raise UsageError(f"there is no tenant '{tenant}' to log in to")
        return user or found.administrator

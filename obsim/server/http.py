"""`/metrics`, `/ready` and `/health` over HTTP, on the loop that serves the clients.

h11 reads the requests. A connection is one GET of bounded size that has to be over in bounded time; nothing it asks for
moves the clock or waits for a statement.
"""

import asyncio
import json
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from obsim._version import __version__
from obsim.server import metrics
from obsim.server.defects import logger
from obsim.server.limits import Limits

if TYPE_CHECKING:
    from obsim.server.protocol import Shared

__all__ = ["HttpListener"]

OK, NOT_FOUND, NOT_ALLOWED = 200, 404, 405
TIMED_OUT, TOO_LARGE, FAILED, UNAVAILABLE = 408, 431, 500, 503
TEXT = "text/plain; charset=utf-8"


class Page(NamedTuple):
    """What is answered."""

    status: int
    body: bytes
    content_type: str = TEXT


class HttpListener:
    """The pages of one server. `ready` says whether it answers queries; `port` is there once it listens."""

    def __init__(self, shared: "Shared", limits: Limits) -> None:
        self.shared = shared
        self.limits = limits
        self.ready = False
        self.host, self.port = "", 0
        self.requests: set[_Request] = set()
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> None:
        """Listen; raises OSError. What the pages need is loaded before, in another thread: no client waits for it."""
        await asyncio.to_thread(_load)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Request(self), host, port)
        self.host, self.port = host, self._server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        """Take no more requests and end those under way."""
        self.ready = False
        if self._server is not None:
            self._server.close()
        for request in list(self.requests):
            request.transport.abort()

    def page(self, target: str) -> Page:
        """The page at a path."""
        found = PAGES.get(target.partition("?")[0])
        if found is None:
            return Page(NOT_FOUND, f"there is {', '.join(PAGES)}\n".encode())
        try:
            return found(self)
        except Exception as failure:  # the request ends, the server goes on
            logger.error("page failed", extra={"path": target.partition("?")[0], "defect": type(failure).__name__})
            return Page(FAILED, b"failed\n")

    def metrics(self) -> Page:
        """`/metrics`."""
        shared = self.shared
        try:
            shared.gate.ready()  # a clock that follows the wall is brought up to it, unless that takes long
        except Exception as failure:  # the next statement is told; what can be counted is counted all the same
            logger.info("the clock could not follow the wall", extra={"defect": type(failure).__name__})
        return Page(OK, metrics.exposition(shared.host, len(shared.connections)), metrics.CONTENT_TYPE)

    def readiness(self) -> Page:
        """`/ready`: 200 while queries are answered, 503 before and while it stops."""
        return Page(OK, b"ready\n") if self.ready else Page(UNAVAILABLE, b"not ready\n")

    def health(self) -> Page:
        """`/health`: 200 as long as the loop runs."""
        facts = {"status": "ok", "obsim": __version__, "ready": self.ready}
        return Page(OK, json.dumps(facts).encode() + b"\n", "application/json")


PAGES: dict[str, Callable[[HttpListener], Page]] = {
    "/metrics": HttpListener.metrics,
    "/ready": HttpListener.readiness,
    "/health": HttpListener.health,
}


class _Request(asyncio.Protocol):
    """One connection: a request, its answer, the end."""

    def __init__(self, listener: HttpListener) -> None:
        import h11  # noqa: PLC0415 - loaded when the listener started

        self.listener = listener
        self.transport = cast(asyncio.Transport, None)
        self._h11: Any = h11
        self._connection = h11.Connection(h11.SERVER, max_incomplete_event_size=listener.limits.http_bytes_max)
        self._received_bytes = 0
        self._answered = self._head_only = False
        self._timer: asyncio.TimerHandle

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the request, not for long; refuse what is too many."""
        self.transport = cast(asyncio.Transport, transport)
        limits, requests = self.listener.limits, self.listener.requests
        requests.add(self)
        self._timer = self.listener.shared.loop.call_later(limits.http_timeout_s, self._too_late)
        if len(requests) > limits.http_requests_max:
            if len(requests) > 2 * limits.http_requests_max:  # each is an open file that a client could have
                self.transport.abort()
                return
            self._answer(Page(UNAVAILABLE, b"too many requests at a time\n"))

    def data_received(self, data: bytes) -> None:
        """Answer once the request is there; what follows is read and dropped."""
        if self._answered:
            return
        h11 = self._h11
        self._received_bytes += len(data)
        if self._received_bytes > self.listener.limits.http_bytes_max:
            self._answer(Page(TOO_LARGE, b"too long\n"))
            return
        try:
            self._connection.receive_data(data)
            event = self._connection.next_event()
        except h11.RemoteProtocolError as wrong:
            self._answer(Page(wrong.error_status_hint, b"this request cannot be read\n"))
            return
        if not isinstance(event, h11.Request):
            return
        self._head_only = event.method == b"HEAD"
        if event.method != b"GET":
            self._answer(Page(NOT_ALLOWED, b"only GET\n"))
            return
        page, outbox = self.listener.page(event.target.decode("latin-1")), self.listener.shared.outbox
        if outbox is None:
            self._answer(page)
            return
        self._answered = True
        outbox.tell(self.transport, partial(self._answer, page))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - whoever hangs up hangs up
        """Forget it."""
        self._timer.cancel()
        self.listener.requests.discard(self)

    def _too_late(self) -> None:
        if not self._answered:
            self._answer(Page(TIMED_OUT, b"too slow\n"))
        self.transport.abort()

    def _answer(self, page: Page) -> None:
        """Write it and close for writing; the timer ends a connection whose client does not hang up."""
        h11 = self._h11
        self._answered = True
        headers = [
            ("Content-Type", page.content_type), ("Content-Length", str(len(page.body))), ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"), ("Connection", "close"),
        ]  # fmt: skip
        if page.status == NOT_ALLOWED:
            headers.append(("Allow", "GET"))
        connection = self._connection
        if connection.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
            self.transport.abort()
            return
        reason = HTTPStatus(page.status).phrase
        head = connection.send(h11.Response(status_code=page.status, headers=headers, reason=reason))
        self.transport.write(head if self._head_only else head + page.body)
        self._timer.cancel()
        self._timer = self.listener.shared.loop.call_later(self.listener.limits.linger_s, self.transport.abort)
        try:
            self.transport.write_eof()
        except OSError:  # the client is gone, and the loop has not noticed yet
            self.transport.abort()


def _load() -> None:
    """What is needed for a page, once."""
    import h11  # noqa: PLC0415
    import prometheus_client  # noqa: PLC0415

    import obsim.sql.reader  # noqa: PLC0415, F401 - names the kinds of statements

    assert h11
    assert prometheus_client

"""A server as a process of its own: the loop, the ready line, the end by a signal."""

import asyncio
import gc
from collections.abc import Callable

from obsim.server.engine import Host
from obsim.server.listener import ListenOptions, serve
from obsim.server.preload import preload_soon
from obsim.server.threaded import new_event_loop

__all__ = ["run"]

OBJECTS_BETWEEN_COLLECTIONS = 20_000
OTHER_FILES = 256
"""What a server has open besides its clients, at most."""


def run(host: Host, options: ListenOptions, on_ready: Callable[[str, int], None]) -> None:
    """Serve until SIGTERM or SIGINT; `on_ready` gets address and port once queries are answered.

    Runs on uvloop where the extra `speed` is installed. Turns the collection of garbage on, should it be off. Raises
    UsageError when it cannot listen as asked.
    """
    # What was imported lives as long as the process: it need not be looked through at every collection.
    gc.freeze()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    gc.enable()
    _let_files_be_open(options.limits.connections_max + options.limits.logins_max + OTHER_FILES)
    with asyncio.Runner(loop_factory=lambda: new_event_loop("auto")) as runner:
        runner.run(_main(host, options, on_ready))


def _let_files_be_open(count: int) -> None:
    """Connections are open files: many systems allow a process 1,024 unless it asks for more."""
    try:
        import resource  # noqa: PLC0415 - not on every system
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


async def _main(host: Host, options: ListenOptions, on_ready: Callable[[str, int], None]) -> None:
    listener = await serve(host, options)

    def ready() -> None:
        on_ready(listener.host, listener.port)
        preload_soon(asyncio.get_running_loop())

    await listener.run_until_signal(ready)

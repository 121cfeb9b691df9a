"""What the first statement needs, loaded before it comes."""

import asyncio

__all__ = ["preload_soon"]

DELAY_S = 0.05
"""A client that is there at once is answered first, and loads what it needs itself."""


def preload_soon(loop: asyncio.AbstractEventLoop) -> None:
    """Let a server that listens, and has said so, load the rest while its first client is still on its way."""
    loop.call_later(DELAY_S, _preload)


def _preload() -> None:
    """Load the reader of statements and the evaluator: a sixth of a second, several times that on a busy machine.

    Left to the first statement it is too slow for some: MariaDB Connector/J waits half a second for the answers to
    what it sends right after its login, and gives the connection up.
    """
    import obsim.query.evaluator  # noqa: PLC0415 - that is what this is for
    import obsim.sql.reader  # noqa: PLC0415, F401

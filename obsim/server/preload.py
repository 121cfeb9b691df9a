"""What the first statement needs, loaded before it comes."""

__all__ = ["preload"]


def preload() -> None:
    """Load the reader of statements and the evaluator: a sixth of a second, several times that on a busy machine.

    A server does this once it listens and has said so, while its first client is still on its way. Left to the first
    statement it is too slow for some: MariaDB Connector/J waits half a second for the answers to what it sends right
    after its login, and gives the connection up.
    """
    import obsim.query.evaluator  # noqa: PLC0415 - that is what this is for
    import obsim.sql.reader  # noqa: PLC0415, F401

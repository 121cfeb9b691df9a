"""What a client is told when something was raised, and what the log is told."""

import logging
import traceback

from obsim.errors import ServerError, error
from obsim.server.packets import MalformedError

__all__ = ["logger", "told"]

logger = logging.getLogger("obsim.server")


def told(raised: BaseException) -> ServerError:
    """The error a client sees: itself, 1835 for a malformed packet, and a bare 1105 for a defect of ours.

    The log gets where a defect happened, never its text: that may quote a statement, which may hold a password.
    """
    if isinstance(raised, ServerError):
        return raised
    if isinstance(raised, MalformedError):
        return error("ER_MALFORMED_PACKET")
    trace = "".join(traceback.format_tb(raised.__traceback__))
    logger.error("unexpected %s while serving a command", type(raised).__name__, extra={"trace": trace})
    return error("ER_UNKNOWN_ERROR")

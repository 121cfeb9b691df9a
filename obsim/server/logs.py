"""The log of a server: one event a line on standard error, as `key=value` or as JSON, secrets masked.

The code logs with `logging`: an event of constant words, its facts in `extra`. structlog makes lines of them; it loads
with the first event that is written, so a quiet server never pays for it.
"""

import logging
from collections.abc import MutableMapping
from typing import Any, TextIO

from obsim.session.journal import StatementRecord
from obsim.statements import masked

__all__ = ["LEVELS", "log_statement", "start_log"]

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
"""Values of --log-level."""
FIRST_KEYS = ("timestamp", "level", "logger", "event")
Event = MutableMapping[str, Any]


def start_log(stream: TextIO, level: str, form: str) -> None:
    """Write events of at least `level` (a key of LEVELS) to a stream, in the form `text` or `json`.

    Where something listens (logger `obsim.listening`) is written at every level.
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Lines(form))
    logging.basicConfig(handlers=[handler], level=LEVELS[level], force=True)
    logging.getLogger("obsim.listening").setLevel(logging.INFO)


def log_statement(record: StatementRecord) -> None:
    """Log what a client said, as the journal has it: what --log-level debug adds."""
    facts = {
        "connection": record.session_id, "tenant": record.tenant, "user": record.user, "statement": record.text,
        "errno": record.errno, "rows": record.row_count,
    }  # fmt: skip
    logging.getLogger("obsim.statements").debug("statement", extra=facts)


class _Lines(logging.Formatter):
    """structlog's formatter, made when there is something to write."""

    def __init__(self, form: str) -> None:
        super().__init__()
        self._form = form
        self._made: logging.Formatter | None = None

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        if self._made is None:
            self._made = _formatter(self._form)
        return self._made.format(record)


def _formatter(form: str) -> logging.Formatter:
    import structlog  # noqa: PLC0415 - 50 ms

    if form == "json":
        renderer: Any = structlog.processors.JSONRenderer(ensure_ascii=False)
    else:
        renderer = structlog.processors.LogfmtRenderer(key_order=FIRST_KEYS, drop_missing=True, bool_as_flag=False)
    before: list[Any] = [
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
    ]
    after: list[Any] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        _masked,
        _in_one_line if form == "text" else _as_it_is,
        renderer,
    ]
    made: logging.Formatter = structlog.stdlib.ProcessorFormatter(processors=after, foreign_pre_chain=before)
    return made


def _masked(_logger: object, _method: str, event: Event) -> Event:
    """Passwords and keys are `***` in whatever somebody may log."""
    return {name: masked(value) if isinstance(value, str) else value for name, value in event.items()}


def _in_one_line(_logger: object, _method: str, event: Event) -> Event:
    """A line break would begin another event: what a client sent must not be able to."""
    return {
        name: value.replace("\n", " | ").replace("\r", " ") if isinstance(value, str) else value
        for name, value in event.items()
    }


def _as_it_is(_logger: object, _method: str, event: Event) -> Event:
    return event

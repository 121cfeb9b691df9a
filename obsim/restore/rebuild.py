"""Storage as it was at an SCN: the picture of the chain's last set, and the log from there on done again.

Equal to the source's block for block: tablets, positions, identities, dirty marks, mini and minor blocks, rows in
memory. What was changed at the very SCN is part of it.
"""

from collections.abc import Iterable
from typing import Any

from obsim.archive.log import FactsChanged, LogEntry, RedoLog
from obsim.backup.set import BackupSet
from obsim.errors import ServerError
from obsim.storage.tenant import TenantStorage

__all__ = ["Unreadable", "rebuild", "replay"]

_IMPOSSIBLE = (ArithmeticError, AttributeError, LookupError, ServerError, TypeError, ValueError)
"""What comes of a change that does not fit what it is made to."""


class Unreadable(Exception):
    """What was kept is not the history of a tenant: whoever wrote it did not make these changes one after the other."""


def rebuild(storage: TenantStorage, last: BackupSet, log: RedoLog, scn: int) -> Any:
    """Make an empty storage what the last set of a plan and the log up to `scn` say; what the system tables held then.

    Raises Unreadable for a set without content, and as `replay` does.
    """
    content = last.content
    if content is None or content.picture is None:
        raise Unreadable(f"set {last.backup_set_id} of tenant {last.tenant_id} has no content to restore")
    storage.become(content.picture, content.compactions)
    facts = replay(storage, log.between(content.picture.change_count, scn))
    return facts if facts is not None else content.facts


def replay(storage: TenantStorage, entries: Iterable[LogEntry]) -> Any:
    """Make changes again; gives the last facts among them, None where there are none.

    Raises Unreadable for a change that cannot be made.
    """
    facts = None
    for entry in entries:
        if isinstance(entry.change, FactsChanged):
            facts = entry.change.facts
        else:
            try:
                entry.change.redo(storage)
            except _IMPOSSIBLE as wrong:
                raise Unreadable(f"{entry.change.name} at {entry.scn}: {wrong}") from wrong
    return facts

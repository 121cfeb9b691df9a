"""Answers kept as bytes: an unchanged poll costs one look-up and one write.

A session looks only into the view of its own fingerprint (user, tenant, database, character set, ...) and form of
the protocol; an entry counts while the revision of the families it was read from stands still (design: "answers").
"""

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass
from weakref import WeakValueDictionary

from obsim.server.limits import Limits

__all__ = ["AnswerCache", "Entry", "View"]


@dataclass(slots=True)
class Entry:
    """The packets of one answer, and what must not have changed since."""

    packets: bytes
    families: tuple[str, ...]
    revision: int
    view: "View"
    request: bytes
    row_count: int = 0
    """Rows in it: what FOUND_ROWS() says after it."""
    text: str = ""
    """The statement as the journal notes it."""
    used: bool = False

    @property
    def size_bytes(self) -> int:
        """What the entry is charged with."""
        return len(self.packets) + len(self.request)


class View(dict[bytes, Entry]):
    """Request packet -> entry, for every connection with one fingerprint."""

    __slots__ = ("__weakref__",)


class AnswerCache:
    """Bounded by entries and bytes; what was not used since it was last passed goes first (second chance)."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._views: WeakValueDictionary[Hashable, View] = WeakValueDictionary()
        self._ring: deque[Entry] = deque()
        self._size_bytes = 0

    def __len__(self) -> int:
        return len(self._ring)

    @property
    def size_bytes(self) -> int:
        """Bytes of all entries."""
        return self._size_bytes

    def view(self, key: Hashable) -> View:
        """The view of a fingerprint; it lives as long as a connection or an entry holds it."""
        found = self._views.get(key)
        if found is None:
            found = self._views[key] = View()
        return found

    def put(
        self, view: View, request: bytes, packets: bytes, families: tuple[str, ...], revision: int, row_count: int = 0,
        text: str = "",
    ) -> None:
        """Keep an answer; a newer one for the same request takes the place of the old."""
        size_bytes = len(request) + len(packets)
        if size_bytes > self._limits.answer_bytes_max:
            return
        known = view.get(request)
        if known is not None:
            self._size_bytes += size_bytes - known.size_bytes
            known.packets, known.families, known.revision = packets, families, revision
            known.row_count, known.text = row_count, text
        else:
            entry = view[request] = Entry(packets, families, revision, view, request, row_count, text)
            self._ring.append(entry)
            self._size_bytes += size_bytes
        while len(self._ring) > self._limits.answers_max or self._size_bytes > self._limits.answers_bytes_max:
            self._drop_one()

    def clear(self) -> None:
        """Forget everything: the world went back in time, and its revisions may come again with other rows."""
        for entry in self._ring:
            entry.view.pop(entry.request, None)
        self._ring.clear()
        self._size_bytes = 0

    def _drop_one(self) -> None:
        while True:
            entry = self._ring.popleft()
            if entry.used:
                entry.used = False
                self._ring.append(entry)
                continue
            del entry.view[entry.request]
            self._size_bytes -= entry.size_bytes
            return

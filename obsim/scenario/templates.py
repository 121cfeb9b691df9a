"""Clusters at the start of their scenario, kept to be copied: for tests, which make the same one again and again.

A scenario with a past lives through it at every start. A copy of what came out takes a few milliseconds, whatever the
past; it is what `reset` gives. Nothing is kept unless somebody asks for it.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from obsim.cluster import ClusterState

if TYPE_CHECKING:
    from obsim.cluster.copying import Mould

__all__ = ["KEPT_MAX", "TEMPLATES", "Templates"]

KEPT_MAX = 8


class Templates:
    """The newest KEPT_MAX of them, by what they are made of; used only inside `in_use`."""

    def __init__(self) -> None:
        self.users = 0
        self._moulds: OrderedDict[Hashable, Mould | None] = OrderedDict()

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Clusters that are made inside may be copies."""
        self.users += 1
        try:
            yield
        finally:
            self.users -= 1

    def cluster(self, made_of: Hashable, build: Callable[[], ClusterState]) -> ClusterState:
        """What `build` gives, or a copy of what it gave before. Kept is what is made for the second time."""
        from obsim.cluster.copying import Mould  # noqa: PLC0415 - pickle loads with it

        known = self._moulds.get(made_of)
        if known is None:
            state = build()
            self._moulds[made_of] = Mould(state) if made_of in self._moulds else None
        else:
            state = known.copy()
        self._moulds.move_to_end(made_of)
        while len(self._moulds) > KEPT_MAX:
            self._moulds.popitem(last=False)
        return state


TEMPLATES = Templates()
"""Those of this process: `obsim.testing.plugin` uses them."""

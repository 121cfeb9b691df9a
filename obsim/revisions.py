"""When rows last changed, by family of views: what lets an unchanged poll be answered again without looking."""

from collections.abc import Iterable

__all__ = ["EVERYONE", "FAMILIES", "WATCHED", "Revisions", "TenantRevisions"]

EVERYONE = -1
"""In place of a tenant's id: whoever touched a family did not say whose rows."""

FAMILIES = (
    "jobs",
    "job_history",
    "tasks",
    "task_history",
    "sets",
    "deletes",
    "delete_history",
    "backup_parameters",
    "archive",
    "tenants",
    "accounts",
    "parameters",
    "storage",
    "restores",
    "root_events",
    "scheduler",
    "faults",
    "statements",
)
WATCHED = (
    "archive", "delete_history", "deletes", "job_history", "jobs", "parameters", "sets", "task_history", "tasks",
    "tenants",
)  # fmt: skip
"""Families whose changes may be those of a state that `obsim.events` lists."""

_WORDS = {family: (family, family in WATCHED) for family in FAMILIES} | {
    "set_at_work": ("sets", True), "schedule": ("tasks", False),
}  # fmt: skip
"""What may be touched: the family that it is, and whether a state may have changed. Two words stand for a part of a
family, so that nobody looks through the rest: the set of the running task, and which log streams are worked at."""



class Revisions:
    """A counter for each family; it only grows."""

    def __init__(self) -> None:
        self._counts = dict.fromkeys(FAMILIES, 0)
        self.stirred = False
        """Whether one that is watched was touched since somebody set this back."""
        self._owners: dict[str, set[int]] = {}

    def touch(self, *families: str) -> None:
        """Note that rows of these families, or of these parts of them, may have changed."""
        self.touch_of(EVERYONE, families)

    def touch_of(self, tenant_id: int, families: Iterable[str]) -> None:
        """As `touch`, for the rows of one tenant."""
        for word in families:
            family, watched = _WORDS[word]
            self._counts[family] += 1
            if watched:
                self.stirred = True
                owners = self._owners
                if word in owners:
                    owners[word].add(tenant_id)
                else:
                    owners[word] = {tenant_id}

    def take_owners(self) -> dict[str, set[int]]:
        """Whose rows of each watched word were touched since the last call; EVERYONE among them stands for all."""
        taken, self._owners = self._owners, {}
        self.stirred = False
        return taken

    def count(self, family: str) -> int:
        """The counter of a family; KeyError for a word that is none."""
        return self._counts[family]

    def total(self, without: str) -> int:
        """All counters but one, together."""
        return sum(self._counts.values()) - self._counts[without]


class TenantRevisions(Revisions):
    """The counters as the parts of one tenant touch them."""

    def __init__(self, everyone: Revisions, tenant_id: int) -> None:
        self._everyone, self._tenant_id = everyone, tenant_id

    def touch(self, *families: str) -> None:
        """Note that rows of this tenant may have changed."""
        self._everyone.touch_of(self._tenant_id, families)

    def count(self, family: str) -> int:
        """The counter that all tenants share."""
        return self._everyone.count(family)

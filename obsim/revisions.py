"""When rows last changed, by family of views: what lets an unchanged poll be answered again without looking."""

__all__ = ["FAMILIES", "Revisions"]

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


class Revisions:
    """A counter for each family; it only grows."""

    def __init__(self) -> None:
        self._counts = dict.fromkeys(FAMILIES, 0)
        self.stirred = False
        """Whether any was touched since somebody set this back."""

    def touch(self, *families: str) -> None:
        """Note that rows of these families may have changed."""
        self.stirred = True
        for family in families:
            self._counts[family] += 1

    def count(self, family: str) -> int:
        """The counter of a family; KeyError for a word that is none."""
        return self._counts[family]

"""The priorities of a tenant's DAG scheduler, in scan order (engine.md 5.1, status-machines.md 10)."""

from dataclasses import dataclass

__all__ = ["HA_HIGH", "HA_LOW", "PRIORITIES", "Priority", "limit_of"]


@dataclass(frozen=True, slots=True)
class Priority:
    """One queue: its name in the views, the limit while the score is 0, the parameter that holds the score."""

    index: int
    name: str
    default_score: int
    parameter: str | None


_TABLE = (
    ("PRIO_COMPACTION_HIGH", 6, "compaction_high_thread_score"),
    ("PRIO_HA_HIGH", 8, "ha_high_thread_score"),
    ("PRIO_COMPACTION_MID", 6, "compaction_mid_thread_score"),
    ("PRIO_HA_MID", 5, "ha_mid_thread_score"),
    ("PRIO_COMPACTION_LOW", 6, "compaction_low_thread_score"),
    ("PRIO_HA_LOW", 2, "ha_low_thread_score"),
    ("PRIO_DDL", 2, "ddl_thread_score"),
    ("PRIO_DDL_HIGH", 6, None),
    ("PRIO_TTL", 2, "ttl_thread_score"),
)
PRIORITIES: tuple[Priority, ...] = tuple(Priority(i, *row) for i, row in enumerate(_TABLE))
HA_HIGH = PRIORITIES[1]
HA_LOW = PRIORITIES[5]


def limit_of(priority: Priority, score: int) -> int:
    """Tasks of `priority` that may run at once: the score, or the built-in one while the score is 0 (engine.md 5.2)."""
    return score or priority.default_score

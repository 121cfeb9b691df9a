"""What differs between OceanBase versions, as data. No other module asks for a version number.

Sources: engine.md 2.5 (base of an increment), 3.1 and status-machines.md 3 (stages), 10 (caps), views.json `since`,
statements.md (what a version refuses), samples.md (columns of SHOW PARAMETERS).
"""

from dataclasses import dataclass
from enum import Enum

from obsim.errors import UsageError

__all__ = ["PROFILES", "BackupTree", "IncrementalBase", "Version", "VersionChange", "VersionProfile", "profile_for"]

_Parts = tuple[int, int, int, int]


class IncrementalBase(Enum):
    """Which earlier set's index an increment looks its blocks up in."""

    LAST_FULL = "last_full"
    PREVIOUS = "previous"


class VersionChange(Enum):
    """What becomes of an increment whose predecessor was taken at another data version of the tenant."""

    CONVERT = "convert"
    REFUSE = "refuse"


class BackupTree(Enum):
    """Which tree of directories a backup set has (engine.md 6.1)."""

    PLAIN = "plain"
    SPLIT = "split"
    FUSED = "fused"


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """Four numbers; `4.2.1` means 4.2.1.0, and the fourth is the number of the patch (BP)."""

    parts: _Parts

    @classmethod
    def parse(cls, text: str) -> "Version":
        """Read three or four numbers joined by dots; raises UsageError for anything else."""
        words = text.split(".")
        if len(words) not in {3, 4} or not all(w.isascii() and w.isdigit() and len(w) <= 4 for w in words):
            raise UsageError(f"'{text}' is not a version: give three or four numbers, as in 4.2.1 or 4.2.1.10")
        numbers = [int(w) for w in words] + [0]
        return cls((numbers[0], numbers[1], numbers[2], numbers[3]))

    def __str__(self) -> str:
        return ".".join(map(str, self.parts))

    def has(self, since: str | None) -> bool:
        """Whether a mark such as `4.2.1 BP3/4.3.1` holds: each part counts for its own line (status-machines.md 12).

        Of several parts for one line the last one counts, the others for the patches of their own release only.
        """
        if not since:
            return True
        marks = []
        for mark in since.split("/"):
            number, _, patch = mark.partition(" BP")
            base = Version.parse(number).parts
            marks.append((base[0], base[1], base[2], int(patch) if patch else base[3]))
        marks.sort()
        line = [m for m in marks if m[:2] == self.parts[:2]]
        if line:
            return self.parts >= line[-1] or any(m[:3] == self.parts[:3] and self.parts >= m for m in line[:-1])
        return (
            self.parts >= marks[-1]
            if self.parts[:2] > marks[-1][:2]
            else self.parts[:2] > marks[0][:2] and len(marks) == 1
        )


@dataclass(frozen=True, slots=True)
class VersionProfile:
    """One row of the table of differences; `version` is what the server reports."""

    version: Version
    incremental_base: IncrementalBase
    """Documentation of 4.0.0, 4.2.0 and 4.2.1 names the last full, later ones and the source the previous set."""
    on_version_change: VersionChange
    """Documentation: an increment after an upgrade is full. A newer source: it is refused (engine.md 2.4)."""
    upgrade_mode_refuses: bool
    """No backup while enable_upgrade_mode is on: the newer source."""
    plus_archivelog: bool
    """4.0 parses PLUS ARCHIVELOG and refuses it."""
    tenant_words: bool
    """all_user and all_meta in SET parameter exist from 4.2.1; before, `all` meant every tenant, the words 1235."""
    reset_parameter: bool
    """ALTER SYSTEM RESET: documented from 4.2.2, taken from 4.2.1 on, unknown to the grammar of 4.1."""
    old_restore_grammar: bool
    """4.0 and 4.1: PREVIEW ends a whole RESTORE, tables are restored by RESTORE .. FOR, CANCEL RESTORE is refused."""
    recover_table: bool
    """RECOVER TABLE is documented from 4.2.1."""
    external_storage_change: bool
    """CHANGE EXTERNAL_STORAGE_DEST: from 4.2.1.11."""
    copy_tasks_max: int
    """Cap of copy tasks in a log stream's data stage: 8 in older builds, 128 in newer."""
    task_stages: tuple[str, ...]
    """States of a set task between INIT and COMPLETED."""
    turns_split: bool
    """MINOR_TURN_ID and MAJOR_TURN_ID exist and DATA_TURN_ID stays 0."""
    low_limit_rows: bool
    """`__all_virtual_dag_scheduler` prints LOW_LIMIT rows (4.2 and before)."""
    parameter_types: bool
    """SHOW PARAMETERS prints data_type (from 4.3.1)."""
    super_covers: bool
    """SUPER does where ALTER SYSTEM is asked for, and 1227 says so (recorded with 4.3.5)."""
    pieces_by_checkpoint: bool
    """A clean-up compares how far a piece was archived, not where it ends: the older of the two revisions read."""
    backup_compatible: int
    """BACKUP_COMPATIBLE of a set: 1 in 4.0, 2 in 4.1, 3 from 4.2."""
    backup_tree: BackupTree
    """4.0 and 4.1 have names of their own, from 4.3.2 on user data is not parted in minor and major."""
    keeps_parameters: bool
    """A set has a file of the tenant's parameters: documented for 4.2.5."""

    @property
    def server_version(self) -> str:
        """What VERSION() and the greeting say."""
        return f"5.7.25-OceanBase_CE-v{self.version}"


_OLD = (
    "BACKUP_SYS_META",
    "BACKUP_USER_META",
    "BACKUP_DATA_SYS",
    "BACKUP_DATA_MINOR",
    "BACKUP_DATA_MAJOR",
    "BACKUP_LOG",
)
_NEW = (
    "BACKUP_SYS_META",
    "BACKUP_USER_META",
    "BACKUP_META_FINISH",
    "BACKUP_DATA_MINOR",
    "BACKUP_DATA_MAJOR",
    "BACKUP_LOG",
)


def _tree(at: _Parts) -> BackupTree:
    if at[:2] < (4, 2):
        return BackupTree.PLAIN
    return BackupTree.FUSED if at >= (4, 3, 2, 0) else BackupTree.SPLIT


def _profile(text: str) -> VersionProfile:
    version = Version.parse(text)
    at = version.parts
    last_full = at[:3] in {(4, 0, 0), (4, 2, 0), (4, 2, 1)}
    modern = at[:2] >= (4, 2)
    newer = version.has("4.2.3/4.3.0")
    return VersionProfile(
        version=version,
        incremental_base=IncrementalBase.LAST_FULL if last_full else IncrementalBase.PREVIOUS,
        on_version_change=VersionChange.REFUSE if newer else VersionChange.CONVERT,
        upgrade_mode_refuses=newer,
        plus_archivelog=at >= (4, 1, 0, 0),
        tenant_words=at >= (4, 2, 1, 0),
        reset_parameter=at >= (4, 2, 1, 0),
        old_restore_grammar=not modern,
        recover_table=at >= (4, 2, 1, 0),
        external_storage_change=at >= (4, 2, 1, 11),
        copy_tasks_max=128 if newer else 8,
        task_stages=_NEW if modern else _OLD,
        turns_split=newer,
        low_limit_rows=at < (4, 3, 0, 0),
        parameter_types=at >= (4, 3, 1, 0),
        super_covers=at >= (4, 3, 5, 0),
        pieces_by_checkpoint=not modern,
        backup_compatible=1 if at[:2] == (4, 0) else 2 if at[:2] == (4, 1) else 3,
        backup_tree=_tree(at),
        keeps_parameters=(4, 2, 5, 0) <= at < (4, 3, 0, 0),
    )


PROFILES: dict[str, VersionProfile] = {text: _profile(text) for text in ("4.0.0", "4.1.0", "4.2.1", "4.2.5", "4.3.3")}
_LINES = {(4, 0), (4, 1), (4, 2), (4, 3)}


def profile_for(text: str) -> VersionProfile:
    """The profile a version belongs to; raises UsageError for lines that obsim has no facts about."""
    if text in PROFILES:
        return PROFILES[text]
    version = Version.parse(text)
    if version.parts[:2] not in _LINES:
        raise UsageError(f"obsim has no profile for OceanBase {text}: it knows 4.0, 4.1, 4.2 and 4.3")
    return _profile(text)

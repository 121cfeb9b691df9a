"""Format files: whose a backup destination is (engine.md 6.3).

The first who sets an empty directory writes a format file there, and it is never written anew. Of what it says, cluster
id and incarnation are one for the whole process; tenant, purpose and path decide whether somebody else may use it.
"""

from dataclasses import dataclass, field

from obsim.destination import BackupUri
from obsim.errors import error
from obsim.ids import TenantId

__all__ = ["Formats", "Owner"]


@dataclass(frozen=True, slots=True)
class Owner:
    """Who wrote a format file: the tenant, and what for: backup_data or archive_log."""

    tenant_id: TenantId
    purpose: str


@dataclass(slots=True)
class Formats:
    """Every format file there is, by the path of its directory. It outlives the tenant that wrote it."""

    _owners: dict[str, Owner] = field(default_factory=dict)

    def owner(self, uri: BackupUri) -> Owner | None:
        """Whose format file lies in a directory; None where there is none."""
        return self._owners.get(uri.path)

    def copy(self) -> "Formats":
        """The same files, to try something out on."""
        return Formats(dict(self._owners))

    def claim(self, uri: BackupUri, owner: Owner) -> None:
        """Set a directory: write the format file where it is empty, and leave one's own as it is.

        Raises 9081 where it is somebody else's or has another purpose, 9080 for a directory with others below it,
        which is not empty and has no format file.
        """
        known = self._owners.get(uri.path)
        if known is None and any(path.startswith(f"{uri.root.rstrip('/')}/") for path in self._owners):
            raise error("OB_BACKUP_FORMAT_FILE_NOT_EXIST")
        if known not in {None, owner}:
            raise error("OB_BACKUP_FORMAT_FILE_NOT_MATCH")
        self._owners[uri.path] = owner

    def remove(self, path: str) -> None:
        """Somebody removes what lies in a directory."""
        self._owners.pop(path, None)

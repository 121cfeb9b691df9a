"""Statements that obsim knows without doing what they say."""

from dataclasses import dataclass, field

from obsim.statements.base import BackupStatement

__all__ = ["NotModelledStatement", "RefusedStatement"]


@dataclass(frozen=True, slots=True)
class RefusedStatement(BackupStatement):
    """A statement that every 4.x parses and then refuses with the plain 1235: the relatives of a second backup."""

    text: str = field(repr=False)  # may hold a password

    def sql(self) -> str:
        """The statement as it came."""
        return self.text


@dataclass(frozen=True, slots=True)
class NotModelledStatement(BackupStatement):
    """A statement of OceanBase whose family obsim knows by name only; running it answers 1235 with `what`."""

    what: str
    text: str = field(repr=False)  # may hold a password

    def sql(self) -> str:
        """The statement as it came."""
        return self.text

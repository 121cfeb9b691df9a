"""Statements about servers and zones: ALTER SYSTEM ADD, DELETE, START, STOP .. SERVER and ZONE."""

from dataclasses import dataclass, field
from typing import Literal

from obsim.statements.base import AlterSystem
from obsim.statements.text import quote_text, text_clause

__all__ = ["AdminServer", "AdminZone", "ServerAction", "ZoneAction"]

ServerAction = Literal["ADD", "DELETE", "CANCEL DELETE", "START", "STOP", "FORCE STOP", "ISOLATE"]
ZoneAction = Literal["ADD", "DELETE", "START", "STOP", "FORCE STOP", "ISOLATE", "ALTER"]


@dataclass(frozen=True, slots=True)
class AdminServer(AlterSystem):
    """ALTER SYSTEM action SERVER 'ip:port' {, ..} [ZONE = 'zone']. `text` is the statement as it came."""

    action: ServerAction
    servers: tuple[str, ...]
    zone: str | None = None
    text: str = field(default="", compare=False, repr=False)

    def sql(self) -> str:
        """Canonical text."""
        servers = ", ".join(map(quote_text, self.servers))
        return f"ALTER SYSTEM {self.action} SERVER {servers}{text_clause('ZONE', self.zone)}"


@dataclass(frozen=True, slots=True)
class AdminZone(AlterSystem):
    """ALTER SYSTEM action ZONE 'zone' [REGION = 'r', IDC = 'i', ZONE_TYPE = 't']; the options of ADD and ALTER."""

    action: ZoneAction
    zone: str
    region: str | None = None
    idc: str | None = None
    zone_type: str | None = None

    def sql(self) -> str:
        """Canonical text."""
        named = (("REGION", self.region), ("IDC", self.idc), ("ZONE_TYPE", self.zone_type))
        options = ",".join(text_clause(word, text) for word, text in named if text is not None)
        return f"ALTER SYSTEM {self.action} ZONE {quote_text(self.zone)}{options}"

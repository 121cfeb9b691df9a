"""Who runs a statement."""

from dataclasses import dataclass

from obsim.ids import TenantId
from obsim.statements import Secret

__all__ = ["Principal"]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who runs a statement: the session's tenant and user, and the password SET ENCRYPTION gave it."""

    tenant_id: TenantId
    user: str
    encryption: Secret | None = None
    host: str = "%"
    """Host of the account, not of the client."""
    offset_s: int = 0
    """The session's time zone, east of UTC: what a TIME in a statement is read at."""
    restore_source: str = ""
    """What ADD RESTORE SOURCE gave the session: URIs with commas between them."""
    recyclebin: bool = False
    """The session's variable `recyclebin`: what DROP TENANT looks at."""
    decryption: tuple[Secret, ...] = ()
    """What SET DECRYPTION gave the session."""

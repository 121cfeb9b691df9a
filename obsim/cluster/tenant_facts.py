"""What the system tables of a tenant hold besides storage: backups take it along, restores bring it back."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from obsim.answers import Value
from obsim.cluster.accounts import User

if TYPE_CHECKING:
    from obsim.cluster.tenant import Tenant

__all__ = ["TenantFacts", "facts_of"]


@dataclass(frozen=True, slots=True)
class TenantFacts:
    """Compatibility mode, character set, accounts and global variables of a tenant at one moment."""

    mode: str
    charset: str
    collation: str
    users: tuple[User, ...]
    variables: tuple[tuple[str, Value], ...]

    def give(self, tenant: "Tenant") -> None:
        """Let a tenant have them."""
        tenant.mode, tenant.charset, tenant.collation = self.mode, self.charset, self.collation
        tenant.users = {user.key: user for user in self.users}
        tenant.variables.clear()
        tenant.variables.update(self.variables)


def facts_of(tenant: "Tenant") -> TenantFacts:
    """Those of a tenant as they are now."""
    variables = tuple(tenant.variables.items())
    return TenantFacts(tenant.mode, tenant.charset, tenant.collation, tuple(tenant.users.values()), variables)

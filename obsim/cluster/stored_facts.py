"""What a set or the log says of a tenant's system tables, read back (see `TenantFacts`)."""

from typing import Any

from msgspec import Struct

from obsim.cluster.accounts import ADMINISTRATORS, User
from obsim.cluster.tenant_facts import TenantFacts
from obsim.destination.envelope import Damaged
from obsim.storage.stored import decode_facts

__all__ = ["read_facts"]


class _Facts(Struct, frozen=True, forbid_unknown_fields=True):
    """The fields of TenantFacts; values of variables are looked at one by one."""

    mode: str
    charset: str
    collation: str
    users: tuple[User, ...]
    variables: tuple[tuple[str, Any], ...]


def read_facts(data: bytes) -> TenantFacts:
    """The facts of what `encode_facts` made of them. Raises Damaged."""
    found = decode_facts(data, _Facts)
    if found.mode not in ADMINISTRATORS:
        raise Damaged(f"'{found.mode}' is no compatibility mode")
    for name, value in found.variables:
        if not isinstance(value, int | float | str | bytes | None):
            raise Damaged(f"the variable '{name}' has no value that a variable has")
    return TenantFacts(found.mode, found.charset, found.collation, found.users, found.variables)

"""Who may run what: the rule each statement stands behind, and the checks that come before the privilege.

OceanBase resolves a statement, then looks at the privileges, then asks the services (statements.md, "Order of stages").
So an account without the privilege still gets the resolver's errors: `before` runs these and changes nothing. The rules
stand beside the commands, in the table COMMANDS of each file of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from obsim.answers import Ok
from obsim.cluster.accounts import User
from obsim.cluster.state import ClusterState, Command, Principal
from obsim.errors import ServerError, error
from obsim.ids import SYS_TENANT_ID

__all__ = ["Rule", "account_of", "check_definitions", "check_privilege", "check_sys", "guarded", "lacking"]

_EVERY_SUPER = frozenset({"ALTER SYSTEM", "ALTER TENANT", "CREATE RESOURCE POOL", "CREATE RESOURCE UNIT"})
"""Where SUPER does as well, in versions that say so."""


@dataclass(frozen=True, slots=True)
class Rule:
    """The privilege on `*.*` a statement needs, what is checked first, and whether it is a definition.

    Definitions are what RootService takes as such (ob_rs_rpc_processor.h); resource units and pools are none.
    """

    privilege: str = "ALTER SYSTEM"
    before: Callable[[ClusterState, Principal, Any], object] | None = None
    defines: Callable[[Any], bool] | None = None


def account_of(state: ClusterState, who: Principal) -> User | None:
    """The account that runs a statement; None when it was dropped meanwhile: its session lives on and may nothing."""
    return state.tenants[who.tenant_id].account(who.user, who.host)


def lacking(state: ClusterState, who: Principal, privilege: str) -> ServerError | None:
    """1227 with the name of the privilege, or None where the account has it."""
    account = account_of(state, who)
    has_super = privilege in _EVERY_SUPER and state.profile.super_covers
    if account is not None and (account.may(privilege) or (has_super and account.may("SUPER"))):
        return None
    return error("OB_ERR_NO_PRIVILEGE", f"SUPER or {privilege}" if has_super else privilege)


def check_privilege(state: ClusterState, who: Principal, privilege: str) -> None:
    """Raises 1227 for an account without `privilege` on `*.*`."""
    refused = lacking(state, who, privilege)
    if refused is not None:
        raise refused


def check_sys(_state: ClusterState, who: Principal, _statement: object) -> None:
    """1227 outside sys."""
    if who.tenant_id != SYS_TENANT_ID:
        raise error("OB_ERR_NO_PRIVILEGE")


def check_definitions(state: ClusterState) -> None:
    """Raises the plain 4179 for a definition while `enable_ddl` is off."""
    if not state.parameters.get_int("enable_ddl"):
        raise error("OB_OP_NOT_ALLOW")


def guarded(command: Command, rule: Rule) -> Command:
    """`command` behind its rule."""

    def run(state: ClusterState, who: Principal, statement: Any) -> Ok:
        refused = lacking(state, who, rule.privilege)
        if refused is None:
            if rule.defines is not None and rule.defines(statement):
                check_definitions(state)
            return command(state, who, statement)
        if rule.before is not None:
            rule.before(state, who, statement)
        raise refused

    return run

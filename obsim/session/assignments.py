"""SET of variables and character sets."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from obsim.answers import Ok, Value
from obsim.charsets import CHARACTER_SETS, character_set, collation
from obsim.client_statements import Assignment, DefaultValue, Expression, SetNames, SetVariables
from obsim.cluster import Tenant
from obsim.cluster.authority import check_privilege
from obsim.errors import NotModelled, ServerError, error
from obsim.session.inputs import SetGlobals
from obsim.variables import VARIABLES, find_variable

if TYPE_CHECKING:
    from obsim.session.session import Session
    from obsim.session.settings import GlobalSettings

__all__ = ["keep_globals", "set_names", "set_variables"]

WARNING_TRUNCATED = 1292
USER_VARIABLES_MAX = 4096
"""A connection that made more than this would be holding the server's memory."""
USER_VARIABLES_BYTES_MAX = 64 * 1024 * 1024
"""Of the names and values of all of them."""
SMALL_BYTES = 4096
"""So many bytes in each variable are no matter: their number is bounded."""


def set_variables(session: "Session", statement: SetVariables, _: Sequence[Value]) -> Ok:
    """All assignments in order, from values that are all known before the first one acts.

    Raises 1227 for SET GLOBAL without ALTER SYSTEM (source: ob_privilege_check.cpp), 1193, 1228, 1229, 1231, 1232, 1238
    and what the expressions raise; then nothing has been set.
    """
    if any(assignment.scope == "global" for assignment in statement.assignments):
        check_privilege(session.cluster.state, session.principal, "ALTER SYSTEM")
    settings = session.settings
    before, users_before = settings.snapshot(), dict(session.user_variables)
    globals_before = dict(settings.globals.changed)
    try:
        for assignment in statement.assignments:
            _assign(session, assignment)
        if any(assignment.scope == "global" for assignment in statement.assignments):
            keep_globals(session, session.tenant)
    except ServerError:
        settings.restore(before)
        session.user_variables = users_before
        settings.globals.restore(globals_before)
        raise
    return Ok()


def keep_globals(session: "Session", tenant: Tenant) -> None:
    """The global variables of a tenant are other than before: its log, and whoever records, get to know them."""
    session.cluster.carry(SetGlobals(tenant.tenant_id, tuple(tenant.variables.items())))


def _assign(session: "Session", assignment: Assignment) -> None:
    if assignment.scope == "user":
        if len(session.user_variables) >= USER_VARIABLES_MAX and assignment.name not in session.user_variables:
            raise NotModelled(f"more than {USER_VARIABLES_MAX} user variables in a session")
        _keep_variable(session, assignment.name, _value(session, assignment))
        return
    variable = find_variable(assignment.name)
    settings = session.settings
    # An administrator's SET GLOBAL is the tenant's, everybody else has the session's value only.
    target: GlobalSettings | None = settings.globals if assignment.scope == "global" else None
    if target is not None and session.tenant.role != "PRIMARY":
        raise error("OB_STANDBY_READ_ONLY")
    if isinstance(assignment.value, DefaultValue):
        if target is not None:
            target.assign_default(variable)
        else:
            settings.assign_default(variable)
    else:
        value = _value(session, assignment)
        if variable.name == "timestamp" and value != 0:
            raise NotModelled("SET timestamp: move the clock with CALL obsim.advance(...)")
        warning = target.assign(variable, value) if target is not None else settings.assign(variable, value)
        if warning is not None:
            session.warn(WARNING_TRUNCATED, warning)
    if variable.name == "autocommit" and target is None and settings.autocommit:
        session.transaction.end()


def _keep_variable(session: "Session", name: str, value: Value) -> None:
    """Raises 4013 where one session would hold too much."""
    kept = session.user_variables
    size_bytes = _size_bytes(name, value)
    if size_bytes > SMALL_BYTES:
        others = sum(_size_bytes(other, held) for other, held in kept.items() if other != name)
        if others + size_bytes > USER_VARIABLES_BYTES_MAX:
            raise error("OB_ALLOCATE_MEMORY_FAILED")
    kept[name] = value


def _size_bytes(name: str, value: Value) -> int:
    return len(name) + (len(value) if isinstance(value, str | bytes) else 0)


def _value(session: "Session", assignment: Assignment) -> Value:
    value = assignment.value
    if isinstance(value, DefaultValue):
        raise error("OB_ERR_PARSER_SYNTAX")
    if not isinstance(value, Expression):
        return value
    return session.computed(value.text, value.parameters)[0]


def set_names(session: "Session", statement: SetNames, _: Sequence[Value]) -> Ok:
    """SET NAMES. Raises 1115 and 1273 for unknown names, 1253 for a collation of another character set."""
    name = statement.charset or str(VARIABLES["character_set_client"].default)
    charset = character_set(name)
    collation_name = charset.default_collation
    if statement.collation is not None:
        chosen = collation(statement.collation)
        if chosen.character_set != charset.name:
            raise error("OB_ERR_COLLATION_MISMATCH", chosen.name, charset.name)
        collation_name = chosen.name
    session.settings.name_character_set(CHARACTER_SETS[charset.name].name, collation_name)
    return Ok()

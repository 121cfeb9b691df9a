"""System variables that CREATE TENANT and ALTER TENANT name: what they may be, and where they are kept."""

from collections.abc import Iterable

from obsim.answers import Value
from obsim.cluster.state import ClusterState
from obsim.cluster.tenant import Tenant
from obsim.errors import error
from obsim.statements.tenants import VariableSetting
from obsim.variables import Variable, accepted, check_settable, find_variable, with_companion

__all__ = ["Checked", "checked_variables", "set_variables"]

_MODE = "ob_compatibility_mode"
_MODES = frozenset({"MYSQL", "ORACLE", "0", "1"})
_AT_CREATION = "lower_case_table_names"
_WARNING_TRUNCATED = 1292

Checked = tuple[Variable, Value, str | None]
"""A variable, the value it keeps, and the text of the warning where that is not the one given."""


def checked_variables(settings: Iterable[VariableSetting], *, creating: bool) -> list[Checked]:
    """What they set. Raises 1193, 1228, 1238, 1231, 1232, and 4179 for the mode of a tenant that is there."""
    return [_checked(setting, creating=creating) for setting in settings]


def _checked(setting: VariableSetting, *, creating: bool) -> Checked:
    variable, value = find_variable(setting.name), setting.value
    if variable.name == _MODE:
        if not creating:
            raise error("OB_OP_NOT_ALLOW", "change tenant compatibility mode")
        if str(value).upper() not in _MODES:
            raise error("OB_ERR_WRONG_VALUE_FOR_VAR", _MODE, value)
        return variable, value, None
    if not (creating and variable.name == _AT_CREATION):
        check_settable(variable, "global")
    return variable, *accepted(variable, value)


def set_variables(state: ClusterState, tenant: Tenant, checked: Iterable[Checked]) -> tuple[tuple[int, str], ...]:
    """Set them in the tenant; code and text of each warning. The mode is the tenant's own already."""
    warned = []
    for variable, kept, warning in checked:
        if variable.name != _MODE:
            tenant.variables.update(with_companion(variable, kept))
        if warning is not None:
            warned.append((_WARNING_TRUNCATED, warning))
    state.revisions.touch("accounts")
    state.note_facts(tenant)
    return tuple(warned)

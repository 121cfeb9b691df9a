"""Every statement that changes the cluster, and the function that carries it out."""

from importlib import import_module

from obsim.cluster.state import Command

__all__ = ["COMMANDS", "every_command"]

_FILES: dict[str, tuple[str, ...]] = {
    "obsim.statements.accounts": ("account_commands",),
    "obsim.statements.backup": ("backup_commands", "archive_commands", "maintenance_commands"),
    "obsim.statements.cleanup": ("cleanup_commands",),
    "obsim.statements.maintenance": ("maintenance_commands",),
    "obsim.statements.parameters": ("parameter_commands",),
    "obsim.statements.resources": ("unit_commands", "pool_commands", "unit_count_commands"),
    "obsim.statements.restore": ("restore_commands", "role_commands"),
    "obsim.statements.servers": ("server_commands",),
    "obsim.statements.tenants": ("tenant_commands", "drop_commands"),
}
"""Module of a statement -> the files of this package whose tables COMMANDS have its command."""


class _Commands(dict[type, Command]):
    """Type of statement -> its command; the files of a family load with the first of its statements."""

    def __missing__(self, kind: type) -> Command:
        for file in _FILES[kind.__module__]:
            self.update(import_module(f"obsim.cluster.{file}").COMMANDS)
        return self[kind]


COMMANDS = _Commands()


def every_command() -> dict[type, Command]:
    """The whole table, all files loaded."""
    files = {file for of_family in _FILES.values() for file in of_family}
    return {k: c for f in sorted(files) for k, c in import_module(f"obsim.cluster.{f}").COMMANDS.items()}

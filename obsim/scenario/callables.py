"""The functions and methods that a dump may name: those that the core leaves in its state to be called later.

Everything else of the core stays out of reach of a file. The tables have those that are known; what they lack is
looked for in the sources, where a callback is a name that is handed on and not called. That takes a second.
"""

import ast
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

__all__ = ["FUNCTIONS", "METHODS", "functions_handed_on", "methods_handed_on"]

FUNCTIONS: dict[str, frozenset[str]] = {
    "archive.writer": frozenset({"_nothing"}),
    "backup.flow": frozenset({
        "_build_index", "_complement_log", "_meta_finish_done", "_sys_meta_copied", "_sys_meta_done", "_turn_done",
        "_user_meta_done", "begin_stage",
    }),
    "cluster.drop_commands": frozenset({"_dropped"}),
    "cluster.load": frozenset({"_due"}),
    "cluster.server_commands": frozenset({"_deleted"}),
    "cluster.tenant_commands": frozenset({"_moved"}),
    "cluster.unit_count_commands": frozenset({"_shrunk"}),
    "scenario.history": frozenset({"_due"}),
}  # fmt: skip
"""By module."""

_METHODS = """
    _activate _begin _begun _bring_archive _cancelled _changed _check _checked _child_gone _complete
    _create_log_streams _data_done _due _each_done _end _end_job _end_now _ended _fail _fault_of_block
    _fault_of_delete _fault_of_stage _fault_ordered _fault_over _fault_rules_changed _files_of _first_pass _flushed
    _found _frozen _generate _import _is_dropped _launch _look _look_at_memory _make _meta_done _next_stream
    _next_table _pass _post_check _pre _removed _replan _restore _restore_data _restore_meta _restored _ring _runs
    _scheduled _servers _settle _spawn _spawned_done _step _storage_changed _stream_done _stream_failed _sys_done
    _sys_failed _tenant_done _to_history _upgrade _wake _write_due _written add archive_changed archive_pass
    bytes_at cancel follow look look_again next_stage reaches root_address running spawn start touch uri_of
"""
METHODS = frozenset(_METHODS.split())
"""Of any class of the core that has one of the name."""


def methods_handed_on(modules: Iterable[ModuleType]) -> set[str]:
    """Names of attributes that are read somewhere without being called at once: fields, properties, methods."""
    found = set()
    for tree in map(_tree, modules):
        called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        read = (n for n in ast.walk(tree) if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Load))
        found |= {node.attr for node in read if id(node) not in called}
    return found


def functions_handed_on(module: ModuleType) -> set[str]:
    """Names that a module makes a `partial` of."""
    calls = (n for n in ast.walk(_tree(module)) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name))
    firsts = (call.args[0] for call in calls if isinstance(call.func, ast.Name) and call.func.id == "partial")
    return {first.id for first in firsts if isinstance(first, ast.Name)}


def _tree(module: ModuleType) -> ast.Module:
    return ast.parse(Path(module.__file__ or "").read_text("utf-8"))

"""obsim: a test double for OceanBase's backup world.

>>> import obsim
>>> cluster = obsim.Cluster("three-tenants", seed=7)
>>> cluster.execute("ALTER SYSTEM BACKUP DATABASE", tenant="sys")
[]
>>> cluster.run_until_idle()
>>> [row["STATUS"] for row in cluster.query("SELECT STATUS FROM oceanbase.CDB_OB_BACKUP_JOB_HISTORY")]
['COMPLETED', 'COMPLETED', 'COMPLETED']

What is imported here loads its part of the package when it is first used: `import obsim` alone costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from obsim._version import __version__
    from obsim.api import Cluster, ClusterSession
    from obsim.errors import NotModelled, ObsimError, ScenarioError, ServerError, UsageError
    from obsim.faults import ConnectionCut, ConnectionStalled
    from obsim.row import Row
    from obsim.server import Server

__all__ = [
    "Cluster", "ClusterSession", "ConnectionCut", "ConnectionStalled", "NotModelled", "ObsimError", "Row",
    "ScenarioError", "Server", "ServerError", "UsageError", "__version__",
]

_HOMES = {
    "Cluster": "obsim.api",
    "ClusterSession": "obsim.api",
    "ConnectionCut": "obsim.faults",
    "ConnectionStalled": "obsim.faults",
    "NotModelled": "obsim.errors",
    "ObsimError": "obsim.errors",
    "Row": "obsim.row",
    "ScenarioError": "obsim.errors",
    "Server": "obsim.server",
    "ServerError": "obsim.errors",
    "UsageError": "obsim.errors",
    "__version__": "obsim._version",
}
"""Public name -> the module it lives in."""


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'obsim' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

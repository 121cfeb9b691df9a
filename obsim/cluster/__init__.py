"""The simulated cluster: plain synchronous state that commands and virtual time change, and nothing else does."""

from obsim.cluster.state import ClusterOptions, ClusterState, Principal
from obsim.cluster.tenant import Tenant, User

__all__ = ["ClusterOptions", "ClusterState", "Principal", "Tenant", "User"]

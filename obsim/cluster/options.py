"""What a cluster is made with."""

from dataclasses import dataclass

from obsim.ids import Nanoseconds
from obsim.versions import IncrementalBase, VersionProfile

__all__ = ["ClusterOptions"]


@dataclass(frozen=True, slots=True)
class ClusterOptions:
    """What a cluster is made with besides its scenario."""

    profile: VersionProfile
    seed: int
    start_ns: Nanoseconds
    incremental_base: IncrementalBase
    strict_incremental: bool = False
    cluster_name: str = "obcluster"

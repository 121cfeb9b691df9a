"""What a scenario file may say: every table of it as a struct, every key with its default."""

import msgspec

from obsim.cluster.locality import RANDOM
from obsim.scenario.resources import PoolSpec, ServerSpec, UnitConfigSpec, ZoneSpec
from obsim.storage.layout import DEFAULT_LAYOUT
from obsim.storage.tablet import TABLET_SIZE_BYTES

__all__ = [
    "ClockSpec", "HistorySpec", "LoadSpec", "ParameterText", "Scenario", "TableSpec", "TenantSpec", "UserSpec",
    "WorkloadSpec",
]  # fmt: skip

ParameterText = str | int | float | bool


class TableSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table: by blocks or by rows; its tablets lie in the tenant's log streams by turns.

    `blocks` has the number of full baseline macroblocks of each tablet. Or `rows` are dealt out evenly to `tablets`;
    `row_bytes` are those of a row as it is stored, encoded and compressed, and say how many fit into a block;
    `compression` is how many times more they were before. A full block holds `fill` of what fits into one.
    """

    name: str
    blocks: list[int] = []
    rows: int | None = None
    row_bytes: float = DEFAULT_LAYOUT.stored_bytes
    compression: float = DEFAULT_LAYOUT.compression
    fill: float = DEFAULT_LAYOUT.fill
    tablets: int = 1
    tablet_size: int = TABLET_SIZE_BYTES
    """In bytes: a tablet above it is compacted by several tasks, and the blocks on their seams are always new."""
    log_stream: int | None = None
    """Log stream of all its tablets. A name may be given twice: the table then has tablets in two log streams."""


class UserSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An account beside the administrator; `grants` has privileges by level: `"oceanbase.*" = ["SELECT"]`."""

    name: str
    password: str = ""
    host: str = "%"
    grants: dict[str, list[str]] = {}


class TenantSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A user tenant; `archivelog` starts it with a round in state DOING.

    Without `pools` it gets one of its own, pool_<name>, in every zone.
    """

    name: str
    mode: str = "mysql"
    password: str = ""
    data_backup_dest: str = ""
    log_archive_dest: str = ""
    archivelog: bool = False
    pools: list[str] = []
    locality: str = ""
    """As LOCALITY of CREATE TENANT; '' for a full replica in each zone of its pools."""
    primary_zone: str = RANDOM
    locked: bool = False
    log_streams: int = 1
    """Of the user: 1001 and so on, beside log stream 1."""
    data_backup_bandwidth: str = ""
    """Bytes a second that data_backup_dest takes, as '50M'; '' sets no limit."""
    parameters: dict[str, ParameterText] = {}
    """Of the tenant, by name."""
    table: list[TableSpec] = []
    user: list[UserSpec] = []


class LoadSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """DAGs that others give a tenant's scheduler: migration, rebuild or fast_migrate.

    `tasks` of them, each `length` at full speed, `after` the start of the cluster and then, if it is given, at every
    interval. Spans are written as in CALL obsim.advance.
    """

    tenant: str
    kind: str
    tasks: int
    length: str
    after: str = "0s"
    every: str = ""


class HistorySpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Statements that ran before the start, `before` it and then, if `every` is given, `times` times.

    The cluster begins as early as the earliest of them; what they leave behind is there at the start: sets, pieces,
    jobs, freezes. A statement is an ALTER SYSTEM of `tenant`, or a CALL obsim.
    """

    before: str
    run: list[str]
    tenant: str = "sys"
    every: str = ""
    times: int = 1


class WorkloadSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Statements that will run by themselves, `after` the start and then, if it is given, at every interval.

    As in `HistorySpec`; one that is refused then changes nothing.
    """

    run: list[str]
    tenant: str = "sys"
    after: str = ""
    every: str = ""


class ClockSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The clock, where whoever starts the cluster does not say otherwise."""

    start: str = ""
    """Virtual time at the start, as '2024-01-01 00:00:00'."""
    mode: str = ""
    """wall, manual, autojump or step."""
    autojump_after: int = 1
    """In mode autojump: repeats of an answer after which time goes on to where it may change."""


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole file."""

    about: str
    """What it is for, in a sentence."""
    version: str = ""
    """OceanBase's, where whoever starts the cluster does not say otherwise; '' for obsim's default."""
    sys_password: str = ""
    clock: ClockSpec = ClockSpec()
    parameters: dict[str, ParameterText] = {}
    """Of the cluster, by name."""
    zone: list[ZoneSpec] = []
    """Without any, one zone z1."""
    server: list[ServerSpec] = []
    """Without any, one in each zone; the first one has the root service."""
    unit_config: list[UnitConfigSpec] = []
    pool: list[PoolSpec] = []
    free_pools: list[str] = []
    """Names of resource pools in every zone that no tenant has."""
    network: str = ""
    """Bytes a second of each server's network, as '1G'; '' sets no limit."""
    tenant: list[TenantSpec] = []
    load: list[LoadSpec] = []
    history: list[HistorySpec] = []
    workload: list[WorkloadSpec] = []
    faults: list[str] = []
    """What goes wrong from the start on, each as in CALL obsim.fault."""

"""A cluster with its sessions, made of what a caller says: `Cluster`, the server and the commands begin here."""

import time
from collections.abc import Iterable
from datetime import datetime
from fractions import Fraction
from os import PathLike
from typing import TypedDict, Unpack

from obsim.clock import moment_ns
from obsim.destination.outside import Performer
from obsim.errors import UsageError
from obsim.journal.making import Making
from obsim.scenario import DEFAULT_START_NS, Blueprint
from obsim.session import ControlAccess, SessionHost
from obsim.units import SECOND_NS
from obsim.variables import ServerFacts
from obsim.versions import IncrementalBase, profile_for

__all__ = ["DEFAULT_VERSION", "Wishes", "make_host", "making_of", "performer_of"]

DEFAULT_VERSION = "4.2.1"


class Wishes(TypedDict, total=False):
    """What may be said of a cluster beside its scenario; what each is by default says `making_of`."""

    seed: int
    version: str | None
    clock: str | None
    step_s: float
    speed: float
    autojump_after: int | None
    start_time: int | str | datetime | None
    incremental_base: str | IncrementalBase | None
    strict_incremental: bool
    file_root: str | PathLike[str] | None
    s3_endpoints: Iterable[str]


def make_host(
    scenario: str | Blueprint = "three-tenants",
    *,
    default_clock: str = "manual",
    control: str | None = None,
    show_control: bool = False,
    facts: ServerFacts | None = None,
    **wishes: Unpack[Wishes],
) -> SessionHost:
    """A cluster with its sessions, as the server and `Cluster` use it.

    `version` and `clock` are by default what the scenario says, else 4.2.1 and `default_clock`. Destinations are in
    memory but for `file://` ones below `file_root` and `s3://` ones at `s3_endpoints`. `control` is None (open), `off`
    or a password. Raises ScenarioError, and UsageError for any other argument. A clock that follows the wall starts now
    unless `start_time` or the scenario says otherwise.
    """
    making, blueprint = making_of(scenario, default_clock=default_clock, facts=facts, **wishes)
    performer = performer_of(making.file_root, making.s3_endpoints)
    return making.host(performer, making.mode(), ControlAccess(control, shown=show_control), facts, blueprint)


def performer_of(file_root: str | PathLike[str] | None, s3_endpoints: Iterable[str]) -> Performer | None:
    """What carries out intents at destinations that are not in memory; None where all are. Raises UsageError."""
    endpoints = tuple(s3_endpoints)
    if file_root is None and not endpoints:
        return None
    from obsim.destination_io.reach import make_reach  # noqa: PLC0415 - most clusters have nothing outside

    return make_reach(file_root, endpoints)


def making_of(
    scenario: str | Blueprint = "three-tenants",
    *,
    seed: int = 0,
    version: str | None = None,
    clock: str | None = None,
    default_clock: str = "manual",
    step_s: float = 1.0,
    speed: float = 1.0,
    autojump_after: int | None = None,
    start_time: int | str | datetime | None = None,
    incremental_base: str | IncrementalBase | None = None,
    strict_incremental: bool = False,
    facts: ServerFacts | None = None,
    file_root: str | PathLike[str] | None = None,
    s3_endpoints: Iterable[str] = (),
) -> tuple[Making, Blueprint]:
    """How a cluster is to be made, with all that is not said filled in, and its scenario. Raises as `make_host`."""
    blueprint = scenario if isinstance(scenario, Blueprint) else Blueprint.of(scenario)
    stated = blueprint.scenario
    profile = profile_for(version or stated.version or DEFAULT_VERSION)
    clock = clock or stated.clock.mode or default_clock
    if start_time is not None or stated.clock.start:
        start_ns = moment_ns(stated.clock.start if start_time is None else start_time)
    else:
        start_ns = time.time_ns() // 1000 * 1000 if clock == "wall" else DEFAULT_START_NS
    base = _incremental_base(incremental_base) or profile.incremental_base
    after = stated.clock.autojump_after if autojump_after is None else autojump_after
    name = scenario if isinstance(scenario, str) else str(blueprint.file.path)
    making = Making(
        name, blueprint.file.text, seed, version or stated.version or DEFAULT_VERSION, base.value,
        strict_incremental, start_ns, str(clock), int(Fraction(step_s) * SECOND_NS), speed, after,
        2881 if facts is None else facts.port, None if file_root is None else str(file_root), tuple(s3_endpoints),
    )  # fmt: skip
    return making, blueprint


def _incremental_base(name: str | IncrementalBase | None) -> IncrementalBase | None:
    if name is None or isinstance(name, IncrementalBase):
        return name
    try:
        return IncrementalBase(name)
    except ValueError:
        raise UsageError(f"'{name}' is no base of increments: choose last_full or previous") from None

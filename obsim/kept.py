"""The cluster of a data directory, opened again with what a caller says of it."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from obsim.errors import UsageError
from obsim.hosts import Wishes, making_of, performer_of
from obsim.journal.making import Making
from obsim.scenario import Blueprint
from obsim.session import ControlAccess
from obsim.versions import profile_for

if TYPE_CHECKING:
    from obsim.journal.recovery import Kept

__all__ = ["open_kept"]


def open_kept(
    directory: str | PathLike[str],
    *,
    scenario: str | Blueprint = "three-tenants",
    default_clock: str = "wall",
    control: str | None = None,
    show_control: bool = False,
    catch_up: bool = False,
    background: bool = True,
    real_ns: Callable[[], int] = time.time_ns,
    as_options: bool = True,
    **wishes: Unpack[Wishes],
) -> "Kept":
    """The cluster of a data directory with who keeps its journal, a new one where it is empty.

    How a cluster was made stays: an argument that says otherwise is a UsageError. Its clock may be another one each
    time. With `catch_up` a clock that follows the wall counts the time since it was stopped, which `real_ns` tells.
    What is done at real destinations is done in a thread, unless a new cluster is to have no `background`. Errors name
    options of `obsim serve`, or without `as_options` the arguments of this function.
    """
    from obsim.journal.directory import DataDirectory  # noqa: PLC0415 - most clusters are kept nowhere
    from obsim.journal.recovery import open_directory  # noqa: PLC0415

    wishes["s3_endpoints"] = tuple(wishes.get("s3_endpoints", ()))

    def wanted(known: Making | None) -> tuple[Making, Blueprint | None]:
        made, blueprint = making_of(scenario, default_clock=default_clock, **wishes)
        if known is None:
            return replace(made, background=background), blueprint
        return _agreed(Path(directory), known, made, {**_USUAL, "scenario": scenario, **wishes}, as_options), None

    access = ControlAccess(control, shown=show_control)
    return open_directory(
        DataDirectory(directory), wanted, lambda making: performer_of(making.file_root, making.s3_endpoints), access,
        catch_up=catch_up, real_ns=real_ns,
    )  # fmt: skip


_USUAL: dict[str, Any] = {
    "scenario": "three-tenants", "seed": 0, "version": None, "clock": None, "speed": 1.0, "step_s": 1.0,
    "autojump_after": None, "start_time": None, "incremental_base": None, "strict_incremental": False,
    "file_root": None, "s3_endpoints": (),
}  # fmt: skip
"""What stands for an argument that nobody has given."""
_LASTING = (
    "scenario", "seed", "version", "incremental_base", "strict_incremental", "start_time", "file_root", "s3_endpoints",
)  # fmt: skip
"""What is as it was made, for good."""
_FIELDS = {"start_time": "start_ns"}


def _agreed(directory: Path, known: Making, asked: Making, given: Mapping[str, Any], as_options: bool) -> Making:
    """How a kept cluster is to go on. Raises UsageError where it was made otherwise than is asked for."""
    for name in _LASTING:
        field = _FIELDS.get(name, name)
        was, wish = getattr(known, field), getattr(asked, field)
        same = profile_for(was).version == profile_for(wish).version if name == "version" else was == wish
        if given[name] != _USUAL[name] and not same:
            option = f"--{'ob-version' if name == 'version' else name.replace('_', '-').removesuffix('s')}"
            option = option if as_options else name
            told = was if was or name == "seed" else "unset"
            raise UsageError(
                f"the cluster of {directory} was made with {name.replace('_', ' ')} {told}: "
                f"leave {option} out, or take another directory"
            )
    fresh = {"clock": given["clock"], "autojump_after": given["autojump_after"]}
    changed: dict[str, Any] = {name: value for name, value in fresh.items() if value is not None}
    if given["speed"] != 1.0:
        changed["speed"] = asked.speed
    if given["step_s"] != 1.0:
        changed["step_ns"] = asked.step_ns
    return replace(known, **changed)

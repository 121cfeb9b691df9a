"""Sizes of a unit: what CREATE and ALTER RESOURCE UNIT make of their options.

Rules, limits and texts follow OceanBase's source (ob_resource_resolver.h, ob_unit_resource.cpp).
"""

from collections.abc import Callable, Iterable
from re import fullmatch
from typing import TYPE_CHECKING

from obsim.cluster.resources import UnitSize
from obsim.errors import ServerError, error
from obsim.parameters import CAPACITY_UNITS

if TYPE_CHECKING:
    from obsim.statements.resources import UnitOption

__all__ = ["changed_size", "new_size"]

_CPU_MIN = 1
_MEMORY_MIN_BYTES = 1 << 30
_LOG_DISK_MIN_BYTES = 2 << 30
_IOPS_MIN = 1024
_IOPS_OF_CPU = 10_000
_LOG_DISK_OF_MEMORY = 3
_CAPACITIES = frozenset({"MEMORY_SIZE", "LOG_DISK_SIZE"})
_CPUS = frozenset({"MAX_CPU", "MIN_CPU"})
_THOUSANDS = {"": 1, "k": 1000, "m": 1_000_000}
_INT64_MAX = 2**63 - 1

Spec = dict[str, float]
"""Option -> value, as far as the statement gives them; memory and log disk in bytes."""


def _refused(word: str, why: str) -> ServerError:
    return error("OB_INVALID_ARGUMENT", f"{word}, {why}")


def _of_text(word: str, text: str) -> int:
    """The number of a text: '2G' is a capacity, and one without a unit is in MB; others know k and m as thousands."""
    units = CAPACITY_UNITS if word in _CAPACITIES else _THOUSANDS
    match = fullmatch(r"\s*([0-9]{1,18})([A-Za-z]*)\s*", text)
    if match is None or match[2].lower() not in units:
        raise error("OB_ERR_PARSE_SQL")
    return min(int(match[1]) * units[match[2].lower()], _INT64_MAX)


def _value(option: "UnitOption") -> float:
    word, value = option.word, option.value
    if isinstance(value, str):
        value = _of_text(word, value)
    if value < 0 or (not value and word != "IOPS_WEIGHT"):
        raise _refused(word, "value can not be negative" if word == "IOPS_WEIGHT" else "value should be positive")
    if isinstance(value, float) and word not in _CPUS:
        raise _refused(word, "value can not be 'number' type")
    return min(value, _INT64_MAX)


def _spec(options: "Iterable[UnitOption]") -> Spec:
    """What the options say, the last one of a kind; raises 1210, 1064 for a text that is no number."""
    return {option.word: _value(option) for option in options}


def _below(word: str, low: int) -> ServerError:
    return error("OB_RESOURCE_UNIT_VALUE_BELOW_LIMIT", word, low)


def new_size(options: "Iterable[UnitOption]") -> UnitSize:
    """The size CREATE RESOURCE UNIT makes. Raises 1210 for what is missing or does not fit, 4659 for too little."""
    spec = _spec(options)
    max_cpu, min_cpu = _new_cpu(spec)
    if "MEMORY_SIZE" not in spec:
        raise error("OB_MISS_ARGUMENT", "MEMORY_SIZE")
    memory = int(spec["MEMORY_SIZE"])
    log_disk = int(spec.get("LOG_DISK_SIZE", max(memory * _LOG_DISK_OF_MEMORY, _LOG_DISK_MIN_BYTES)))
    _check_space(memory, log_disk)
    max_iops, min_iops = _new_iops(spec, min_cpu)
    weight = int(spec.get("IOPS_WEIGHT", min_cpu))
    return UnitSize(max_cpu, min_cpu, memory, log_disk, max_iops, min_iops, weight)


def _new_cpu(spec: Spec) -> tuple[float, float]:
    if "MAX_CPU" not in spec:
        raise error("OB_MISS_ARGUMENT", "MAX_CPU")
    max_cpu = spec["MAX_CPU"]
    min_cpu = spec.get("MIN_CPU", max_cpu)
    for word, value in (("MAX_CPU", max_cpu), ("MIN_CPU", min_cpu)):
        if value < _CPU_MIN:
            raise _below(word, _CPU_MIN)
    if min_cpu > max_cpu:
        raise _refused("MIN_CPU", "MIN_CPU is greater than MAX_CPU")
    return max_cpu, min_cpu


def _check_space(memory: int, log_disk: int) -> None:
    if memory < _MEMORY_MIN_BYTES:
        raise _below("MEMORY_SIZE", _MEMORY_MIN_BYTES)
    if log_disk < _LOG_DISK_MIN_BYTES:
        raise _below("LOG_DISK_SIZE", _LOG_DISK_MIN_BYTES)


def _new_iops(spec: Spec, min_cpu: float) -> tuple[int, int]:
    """MAX_IOPS and MIN_IOPS: one stands for the other; without both ten thousand a CPU.

    obsim keeps this default, which the documents of 4.x give, in every version.
    """
    if "MAX_IOPS" not in spec and "MIN_IOPS" not in spec:
        both = int(min_cpu * _IOPS_OF_CPU)
        return both, both
    max_iops = int(spec.get("MAX_IOPS", spec.get("MIN_IOPS", 0)))
    min_iops = int(spec.get("MIN_IOPS", max_iops))
    if max_iops < min_iops:
        raise _refused("MAX_IOPS", "MAX_IOPS is little than MIN_IOPS")
    if min_iops < _IOPS_MIN:
        raise _below("MIN_IOPS" if "MIN_IOPS" in spec else "MAX_IOPS", _IOPS_MIN)
    return max_iops, min_iops


def _pair(spec: Spec, high: str, low: str, size: UnitSize, kind: Callable[[float], float]) -> tuple[float, float]:
    """A pair of bounds after an ALTER; raises 1210 where they would cross."""
    most = kind(spec.get(high, getattr(size, high.lower())))
    least = kind(spec.get(low, getattr(size, low.lower())))
    if most < least and high in spec:
        raise _refused(high, f"{high} is little than {low}")
    if most < least:
        raise _refused(low, f"{low} is greater than {high}")
    return most, least


def changed_size(size: UnitSize, options: "Iterable[UnitOption]") -> UnitSize:
    """The size ALTER RESOURCE UNIT makes of one. Raises as `new_size`."""
    spec = _spec(options)
    max_cpu, min_cpu = _pair(spec, "MAX_CPU", "MIN_CPU", size, float)
    if min_cpu < _CPU_MIN:
        raise _below("MIN_CPU", _CPU_MIN)
    memory, log_disk = (
        int(spec.get("MEMORY_SIZE", size.memory_bytes)), int(spec.get("LOG_DISK_SIZE", size.log_disk_bytes)),
    )  # fmt: skip
    _check_space(memory, log_disk)
    max_iops, min_iops = _pair(spec, "MAX_IOPS", "MIN_IOPS", size, int)
    if min_iops < _IOPS_MIN:
        raise _below("MIN_IOPS", _IOPS_MIN)
    weight = int(spec.get("IOPS_WEIGHT", size.iops_weight))
    return UnitSize(max_cpu, min_cpu, memory, log_disk, int(max_iops), int(min_iops), weight)

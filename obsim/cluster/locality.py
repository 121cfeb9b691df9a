"""LOCALITY and PRIMARY_ZONE of a tenant: where its replicas are and where leaders like to be.

Rules and texts follow OceanBase's source (ob_tenant_ddl_service.cpp) and documentation; types beside FULL and READONLY
are not modelled.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from re import IGNORECASE
from re import compile as re_compile

from obsim.cluster.unit_placement import zone_list
from obsim.errors import NotModelled, ServerError, error

__all__ = [
    "RANDOM", "Replica", "check_primary_zone", "full_locality", "full_zones", "keeps_majority", "locality_text",
    "parse_locality", "primary_zones",
]  # fmt: skip

RANDOM = "RANDOM"
_TYPES = {"F": "FULL", "FULL": "FULL", "R": "READONLY", "READONLY": "READONLY"}
_OTHER_TYPES = frozenset({"L", "LOGONLY", "E", "ENCRYPTION_LOGONLY", "C", "COLUMNSTORE"})
_PART = re_compile(
    r"\s*([A-Z_]+)\s*(?:\{\s*(\d{1,3}|ALL_SERVER)\s*\})?\s*@\s*(['\"]?)([^'\"@,;\[\]{}\s]+)\3\s*", IGNORECASE
)
"""Type, number, zone: `FULL{1}@z1`, `F@z1`."""


@dataclass(frozen=True, slots=True)
class Replica:
    """One replica of each log stream: FULL or READONLY, in a zone."""

    kind: str
    zone: str


def full_locality(zones: Iterable[str]) -> tuple[Replica, ...]:
    """A full replica in each zone, in order of their names."""
    return tuple(Replica("FULL", zone) for zone in sorted(zones))


def locality_text(replicas: Iterable[Replica]) -> str:
    """As DBA_OB_TENANTS prints it."""
    return ", ".join(f"{replica.kind}{{1}}@{replica.zone}" for replica in replicas)


def full_zones(replicas: Iterable[Replica]) -> list[str]:
    """The zones that vote."""
    return [replica.zone for replica in replicas if replica.kind == "FULL"]


def _invalid(why: str = "") -> ServerError:
    return error("OB_INVALID_ARGUMENT", f"locality{why}")


def parse_locality(text: str, zones: Sequence[str]) -> tuple[Replica, ...]:
    """The replicas a text asks for, which have to be in `zones`; in order of the zones' names. Raises 1210, 1235."""
    found: list[Replica] = []
    for part in text.split(","):
        match = _PART.fullmatch(part)
        word = match[1].upper() if match else ""
        if word in _OTHER_TYPES:
            raise NotModelled(f"replicas of type {word} in LOCALITY")
        if match is None or word not in _TYPES or match[4] not in zones:
            raise _invalid()
        if match[2] not in {None, "1"} or any(replica.zone == match[4] for replica in found):
            raise _invalid()
        found.append(Replica(_TYPES[word], match[4]))
    if not full_zones(found):
        raise _invalid(", should have at least one paxos replica")
    return tuple(sorted(found, key=lambda replica: replica.zone))


def keeps_majority(old: Sequence[Replica], new: Sequence[Replica]) -> bool:
    """Whether one change of locality may lead from `old` to `new`: a majority of the one has to be in the other.

    Replicas that vote are added or taken away, not both; from one to two is allowed, from two to one is not.
    """
    before, after = set(full_zones(old)), set(full_zones(new))
    if before - after and after - before:
        return False
    if len(after) > len(before):
        return len(before) >= len(after) // 2 + 1 or (len(before), len(after)) == (1, 2)
    return len(after) >= len(before) // 2 + 1


def primary_zones(text: str, replicas: Sequence[Replica]) -> list[str]:
    """The zones of PRIMARY_ZONE in order of priority; with RANDOM every voting zone."""
    if text.upper() == RANDOM:
        return full_zones(replicas)
    return [zone.strip() for level in text.split(";") for zone in level.split(",") if zone.strip()]


def check_primary_zone(text: str, replicas: Sequence[Replica]) -> None:
    """Raises 4643 for a primary zone without a full replica, 1210 for a text that names none or one twice."""
    zones = primary_zones(text, replicas)
    if not zones or len(set(zones)) < len(zones):
        raise error("OB_INVALID_ARGUMENT", "primary zone")
    voting = full_zones(replicas)
    for zone in zones:
        if zone not in voting:
            raise error("OB_PRIMARY_ZONE_NOT_IN_ZONE_LIST", zone, zone_list(voting))

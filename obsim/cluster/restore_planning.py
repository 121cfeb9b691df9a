"""What a restore reads, found at the places that FROM names (engine.md 7.1 to 7.3)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from obsim.cluster.accounts import digest_of
from obsim.cluster.backup_sources import backup_sources
from obsim.cluster.restore_resolve import point_scn
from obsim.cluster.state import ClusterState, Principal
from obsim.destination import BackupUri, parse_uri
from obsim.errors import error
from obsim.restore.catalogue import Catalogue
from obsim.restore.plan import RestorePlan, check_passwords, choose_sets, latest_scn, plan_restore
from obsim.statements import RestorePoint
from obsim.versions import Version

__all__ = ["FoundPlan", "find_plan", "restore_options"]

_NO_SET = "no backup set path or log piece can be used to restore"
_NO_LOG = "No enough log for restore"
_ANY_SCN = 1 << 63
_OPTION_NAMES = frozenset({"pool_list", "locality", "primary_zone", "concurrency", "kms_encrypt"})


@dataclass(frozen=True, slots=True)
class FoundPlan:
    """What to read, and where from."""

    catalogue: Catalogue
    plan: RestorePlan
    destinations: str
    """The URIs without their keys, as they were given."""


def restore_options(text: str) -> dict[str, str]:
    """`name=value&name=value` of WITH; raises 1210 for anything else and where no pool is named."""
    options: dict[str, str] = {}
    for part in text.split("&"):
        name, equals, value = part.partition("=")
        key = name.strip().lower()
        if not equals or key not in _OPTION_NAMES or key in options or not value.strip():
            raise error("OB_INVALID_ARGUMENT")
        options[key] = value.strip()
    concurrency = options.get("concurrency", "1")
    if "pool_list" not in options or not (concurrency.isascii() and concurrency.isdigit() and int(concurrency)):
        raise error("OB_INVALID_ARGUMENT")
    return options


def find_plan(state: ClusterState, who: Principal, uris: str, until: RestorePoint) -> FoundPlan:
    """What a restore from `uris` to a point reads, to the last moment there is without a point.

    Raises 1210 without any URI, 9026 for what is none, 1525 for a bad TIME, 1235 for two data destinations, 9047 for a
    set with another password, 4018 where nothing there covers the point, 4179 for backups of a later version.
    """
    if not uris:
        raise error("OB_INVALID_ARGUMENT")
    places = [parse_uri(uri.strip()) for uri in uris.split(",")]
    scn = point_scn(until, who.offset_s)
    digests = {digest_of(password) for password in who.decryption}
    refusal = _NO_SET
    for catalogue in _catalogues(state, places):
        if not catalogue.sets:
            continue
        check_passwords(catalogue.sets, _ANY_SCN if scn is None else scn, digests)
        plan = _plan(catalogue, scn)
        if plan is not None:
            _check_version(state, plan)
            return FoundPlan(catalogue, plan, ",".join(place.shown for place in places))
        if choose_sets(catalogue.sets, _ANY_SCN if scn is None else scn):
            refusal = _NO_LOG
    raise error("OB_ENTRY_NOT_EXIST", refusal)


def _catalogues(state: ClusterState, places: Sequence[BackupUri]) -> Iterator[Catalogue]:
    """What there is at the places: of media what is read there, of others what tenants here have."""
    if any(map(state.outside.reaches, places)):
        from obsim.cluster.restore_reading import read_catalogue  # noqa: PLC0415 - few restores come from media

        yield read_catalogue(state, places)
        return
    paths = {place.path for place in places}
    for source in backup_sources(state):
        yield source.catalogue(paths, state.now_ns)


def _plan(catalogue: Catalogue, scn: int | None) -> RestorePlan | None:
    pieces = catalogue.bare_pieces
    if scn is None:
        scn = latest_scn(catalogue.sets, pieces, catalogue.now_ns)
    return plan_restore(catalogue.sets, pieces, scn) if scn is not None else None


def _check_version(state: ClusterState, plan: RestorePlan) -> None:
    """Backups of a later version are refused, and those of 4.0 by all others (engine.md 7.3)."""
    made_by, here = Version.parse(plan.sets[-1].cluster_version), state.profile.version
    if made_by.parts > here.parts or (made_by.parts[:2] == (4, 0) and here.parts[:2] != (4, 0)):
        raise error("OB_OP_NOT_ALLOW")

"""Destinations held against the views of who writes there, after every action and after a crash at any write.

    trial = DestinationTrial()
    trial.write(3); trial.backup(); trial.advance(hours=5)
    trial.crash(every=3)
    trial.restore_all()

The media are dictionaries that remember every change. A crash is what they were before some change: all that was there
when the last action began, and nothing but what this action was about, may be otherwise. What a restore brings back is
held against the diary.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from obsim.api import Cluster
from obsim.cluster import Tenant
from obsim.destination import parse_uri
from obsim.destination.envelope import Damaged
from obsim.destination.store import MemoryStore
from obsim.destination.uri import DATA
from obsim.error_codes import OB_BACKUP_DEVICE_OUT_OF_SPACE
from obsim.errors import ServerError
from obsim.randomness import sample_distinct, stream_key
from obsim.restore.found_windows import found_windows
from obsim.restore.reading import FoundDestination, read_destination
from obsim.testing.destination_checks import Row, archive_lines, data_lines
from obsim.testing.destination_crashes import Look, crash_lines, window_lines
from obsim.testing.media import Media
from obsim.testing.observer import Observer
from obsim.testing.restore_trial import picture_of
from obsim.versions import IncrementalBase

__all__ = ["DestinationBroken", "DestinationTrial", "destination_tour"]

SOURCE, TABLE = "mysql_tenant", "t1"
_GRAIN_NS = 1000
_VIEWS = {
    "sets": "SELECT * FROM oceanbase.CDB_OB_BACKUP_SET_FILES ORDER BY BACKUP_SET_ID",
    "pieces": "SELECT * FROM oceanbase.CDB_OB_ARCHIVELOG_PIECE_FILES ORDER BY ROUND_ID, PIECE_ID",
    "rounds": "SELECT * FROM oceanbase.CDB_OB_ARCHIVELOG_SUMMARY ORDER BY ROUND_ID",
    "files": "SELECT * FROM obsim.backup_files",
    "index": "SELECT TENANT_ID, BACKUP_SET_ID, LOGIC_VERSION, REUSED FROM obsim.backup_index",
}


class DestinationBroken(AssertionError):
    """What can be read at a destination is not what it should be."""


@dataclass(slots=True)
class DestinationTrial:
    """One cluster whose tenant `mysql_tenant` is backed up and archived to media, and the diary of that tenant."""

    seed: int = 0
    version: str = "4.2.5"
    base: IncrementalBase = IncrementalBase.PREVIOUS
    cluster: Cluster = field(init=False)
    media: Media = field(default_factory=Media)
    looks: list[Look] = field(default_factory=list)
    diary: list[tuple[int, Any]] = field(default_factory=list)
    unsure: set[int] = field(default_factory=set)
    """Sets that the media refused a part of."""

    def __post_init__(self) -> None:
        self.cluster = Cluster("three-tenants", version=self.version, seed=self.seed, incremental_base=self.base)
        self.cluster.state.outside.attach(self.media)
        for sql in (
            "ALTER SYSTEM SET major_freeze_duty_time = 'disable'", "ALTER SYSTEM SET archive_lag_target = '1s'",
            "ALTER SYSTEM NOARCHIVELOG",
        ):  # fmt: skip
            self._order(sql)
        self._idle()
        self.change_data_path(1)
        self.change_log_path(1)

    # Actions.

    def _order(self, sql: str) -> int:
        """A statement of the tenant; errno, 0 for OK."""
        try:
            self.cluster.execute(sql, tenant=SOURCE)
        except ServerError as refused:
            return refused.errno
        self._note()
        return 0

    def _idle(self) -> None:
        self.cluster.run_until_idle()

    def run(self, sql: str) -> int:
        """A statement of the tenant that may be refused; errno, 0 for OK."""
        errno = self._order(sql)
        self._idle()
        self.look()
        return errno

    def write(self, count: int, kind: str = "random") -> None:
        """Change the table."""
        self.cluster.write(SOURCE, TABLE, count, kind)
        self.look()

    def freeze(self, kind: str = "MAJOR") -> None:
        """A major or a minor freeze."""
        self.run(f"ALTER SYSTEM {kind} FREEZE")

    def backup(self, words: str = "INCREMENTAL DATABASE") -> None:
        """A whole backup."""
        self.run(f"ALTER SYSTEM BACKUP {words}")

    def begin_backup(self, words: str = "INCREMENTAL DATABASE", seconds: float = 3.0) -> None:
        """A backup that goes on."""
        self._order(f"ALTER SYSTEM BACKUP {words}")
        self.advance(seconds)

    def cancel_backup(self) -> None:
        """What runs is cancelled."""
        self.run("ALTER SYSTEM CANCEL BACKUP")

    def encrypted_backup(self, words: str = "INCREMENTAL DATABASE") -> None:
        """A backup with a password."""
        self._order("SET ENCRYPTION ON IDENTIFIED BY 'x' ONLY")
        self.backup(words)
        self._order("SET ENCRYPTION OFF")

    def failing_backup(self, stage: str = "BACKUP_DATA_MAJOR", code: int = OB_BACKUP_DEVICE_OUT_OF_SPACE) -> None:
        """A backup that meets an error in a stage, and fails or tries again by what it is."""
        self.cluster.fault(f"error={-code} stage={stage} times=1")
        self.backup("DATABASE")

    def refused_backup(self, passing: int, code: int = OB_BACKUP_DEVICE_OUT_OF_SPACE) -> None:
        """A backup during which the media refuse everything after so many calls."""
        self._idle()
        known = len(self._rows("sets"))
        self.media.refusal, self.media.passing = code, passing
        self._order("ALTER SYSTEM BACKUP DATABASE")
        self._idle()
        self.media.refusal = self.media.passing = 0
        self.unsure |= {row["BACKUP_SET_ID"] for row in self._rows("sets")[known:]}
        self.advance(1)

    def set_policy(self, window: str) -> None:
        """Old sets and pieces go from now on."""
        self.run(f"ALTER SYSTEM ADD DELETE BACKUP POLICY 'default' RECOVERY_WINDOW = '{window}'")

    def clean_up(self) -> None:
        """All but the newest full set goes, and the log that only older ones need."""
        self.set_policy("1d")
        self.advance_hours(26)
        self.backup("DATABASE")
        self.advance_hours(26)

    def drop_policy(self) -> None:
        """No more."""
        self.run("ALTER SYSTEM DROP DELETE BACKUP POLICY 'default'")

    def change_data_path(self, number: int) -> None:
        """Sets go to another destination."""
        self.run(f"ALTER SYSTEM SET data_backup_dest = '{self.media.root}data{number}'")

    def change_log_path(self, number: int) -> None:
        """Archiving stops and goes on at another destination."""
        self._order("ALTER SYSTEM NOARCHIVELOG")
        self._idle()
        self._order(f"ALTER SYSTEM SET log_archive_dest = 'LOCATION={self.media.root}log{number}'")
        self._order("ALTER SYSTEM ARCHIVELOG")
        self._idle()
        self.advance(3)

    def gap(self) -> None:
        """Archiving stops, time goes by, and it begins anew."""
        self.run("ALTER SYSTEM NOARCHIVELOG")
        self.advance(3)
        self.run("ALTER SYSTEM ARCHIVELOG")
        self.advance(3)

    def advance(self, seconds: float = 0, *, hours: float = 0) -> None:
        """Let time go by."""
        self.cluster.advance(seconds=seconds + 3600 * hours)
        self.look()

    def advance_hours(self, hours: int) -> None:
        """Let pieces be frozen and clean-ups run."""
        self.advance(hours=hours)

    # Looks.

    def look(self) -> None:
        """Compare what is at the destinations with the views. Raises DestinationBroken."""
        self.cluster.state.at_rest()
        rows = {name: self._rows(name) for name in _VIEWS}
        tenant = self._tenant
        seen = Observer(self.cluster.state).look().tenants[tenant.tenant_id].sets
        self.looks.append(Look(len(self.media.changes), rows, dict(seen), frozenset(self.unsure)))
        self._note()
        for path, store in self.media.stores.items():
            found = self._read(path, store)
            if found is not None:
                _expect_none(path, self._lines(found, store.files))

    def _note(self) -> None:
        """What the tenant is from now on: a freeze changes it at once, whatever has to be waited for then."""
        self.diary.append((self.cluster.now_ns, picture_of(self._tenant.storage)))

    @property
    def _tenant(self) -> Tenant:
        tenant = self.cluster.state.tenant_named(SOURCE)
        assert tenant is not None
        return tenant

    def _rows(self, name: str) -> list[Row]:
        """Rows of the tenant in a view."""
        rows = self.cluster.query(_VIEWS[name])
        return [
            {column: row[column] for column in row.keys()}  # noqa: SIM118 - a row of a query is no mapping
            for row in rows if row["TENANT_ID"] == self._tenant.tenant_id
        ]  # fmt: skip

    def _read(self, path: str, store: MemoryStore) -> FoundDestination | None:
        try:
            return read_destination(parse_uri(path), store)
        except Damaged as damage:
            raise DestinationBroken(f"{path}: its format file cannot be read: {damage}") from None

    def _lines(self, found: FoundDestination, files: Mapping[str, bytes]) -> Iterator[str]:
        rows, path = self.looks[-1].rows, found.place.path
        if found.format.dest_type == DATA:
            at = [row for row in rows["sets"] if row["PATH"] == path]
            return data_lines(found, files, at, rows["files"], rows["index"], frozenset(self.unsure))
        pieces, rounds = ([row for row in rows[name] if row["PATH"] == path] for name in ("pieces", "rounds"))
        return archive_lines(found, files, pieces, rounds)

    # Crashes.

    def crash(self, every: int = 1, restores: int = 0) -> int:
        """Let the process have ended after every so manieth change: what is there then is read, and has its window.

        Of all these moments `restores` are restored from as well. Gives how many moments there were. Raises
        DestinationBroken.
        """
        stores: dict[str, MemoryStore] = {path: MemoryStore() for path in self.media.stores}
        moments = sum(map(len, self.media.changes)) // every
        chosen = set(self._order_of("restores", moments, min(restores, moments)))
        done = stops = place = 0
        for number, phase in enumerate(self.media.changes):
            while self.looks[place].change_count <= number:
                place += 1
            for at, name, held in (phase[i] for i in self._order_of(str(number), len(phase), len(phase))):
                if held is None:
                    stores[at].files.pop(name, None)
                else:
                    stores[at].files[name] = held
                done += 1
                if done % every == 0:
                    stops += 1
                    last = self._judge(stores, self.looks[max(place - 1, 0)], self.looks[place])
                    if last is not None and stops - 1 in chosen:
                        self.restore(*last, {path: store.files for path, store in stores.items()})
        now = {path: store.files for path, store in self.media.stores.items()}
        _expect_none("crash", (f"the changes do not lead to {path}" for path in now if now[path] != stores[path].files))
        return stops

    def _order_of(self, purpose: str, population: int, count: int) -> list[int]:
        return sample_distinct(stream_key(self.seed, f"crash {purpose}", 0, 0), population, count)

    def _judge(self, stores: Mapping[str, MemoryStore], before: Look, after: Look) -> tuple[str, int] | None:
        """Destinations and the last moment of their window, None where there is none."""
        read = {path: found for path, store in stores.items() if (found := self._read(path, store)) is not None}
        kept = before.stays(after)
        for path, found in read.items():
            _expect_none(path, crash_lines(found, kept, before, after))
        _expect_none("crash", (f"set {lost} at {where} is lost" for where, lost in kept if where not in read))
        last = None
        for places in _pairs(read.values()):
            data, log = places[0], places[1] if len(places) > 1 else None
            spans = found_windows(places, data.backup_sets())
            _expect_none(_named(places), window_lines(data, log, spans, before, after))
            last = (_named(places), spans[-1].last_scn) if spans else last
        return last

    # Restores.

    def restore(self, uris: str, scn: int, files: Mapping[str, Mapping[str, bytes]] | None = None) -> None:
        """Another cluster restores to an SCN from what is there, block for block. Raises DestinationBroken."""
        if files is None:
            files = {path: store.files for path, store in self.media.stores.items()}
        other = Cluster("blank", version=self.version, seed=self.seed + 1)
        other.state.outside.attach(Media.holding(files))
        unit = str(other.query("SELECT NAME FROM oceanbase.DBA_OB_UNIT_CONFIGS")[0][0])
        other.execute(f"CREATE RESOURCE POOL p UNIT = '{unit}', UNIT_NUM = 1")
        other.execute("SET DECRYPTION IDENTIFIED BY 'x'")
        try:
            other.execute(f"ALTER SYSTEM RESTORE back FROM '{uris}' UNTIL SCN = {scn} WITH 'pool_list=p'")
        except ServerError as refused:
            raise DestinationBroken(f"a restore to {scn} from {uris} is refused: {refused}") from None
        other.run_until_idle()
        tenant = other.state.tenant_named("back")
        assert tenant is not None
        was = [shown for at_ns, shown in self.diary if at_ns - at_ns % _GRAIN_NS <= scn][-1]
        if picture_of(tenant.storage) != was:
            raise DestinationBroken(f"a tenant restored to {scn} from {uris} differs from the source then")

    def restore_all(self, most: int = 4) -> int:
        """Restore to the ends of the windows there are now; how many restores that took."""
        found = [one for path, store in self.media.stores.items() if (one := self._read(path, store)) is not None]
        ends = [
            (_named(places), scn)
            for places in _pairs(found)
            for span in found_windows(places, places[0].backup_sets())
            for scn in sorted({span.first_scn, span.last_scn})
        ]
        for uris, scn in ends[:most]:
            self.restore(uris, scn)
        return len(ends[:most])

    # Damage.

    def spoil_all(self) -> None:
        """Every file that loses its last byte, has it changed, or is gone, is noticed. Raises DestinationBroken."""
        for path, store in self.media.stores.items():
            for name, data in list(store.files.items()):
                for spoilt in (data[:-1], data[:-1] + bytes([data[-1] ^ 1])) if data else ():
                    store.files[name] = spoilt
                    if not self._notices(path, store):
                        raise DestinationBroken(f"{path}: nobody notices that {name} has changed at its end")
                store.files[name] = data

    def lose_all(self) -> None:
        """Every file below a set or a piece that is gone is noticed, placeholders apart. Raises DestinationBroken."""
        for path, store in self.media.stores.items():
            for name, data in list(store.files.items()):
                directory, slash, rest = name.partition("/")
                if slash and directory.startswith(("backup_set_", "piece_")) and not rest.startswith(directory):
                    del store.files[name]
                    whole = _whole(read_destination(parse_uri(path), store))
                    store.files[name] = data
                    if directory in whole and _counted(directory, rest):
                        raise DestinationBroken(f"{path}: nobody notices that {name} is gone")

    def _notices(self, path: str, store: MemoryStore) -> bool:
        try:
            found = read_destination(parse_uri(path), store)
        except Damaged:
            return True
        return found is None or found.damaged


def _pairs(found: Iterable[FoundDestination]) -> Iterator[tuple[FoundDestination, ...]]:
    """Each data destination with each archive destination, and alone."""
    known = list(found)
    logs = [one for one in known if one.format.dest_type != DATA]
    for data in (one for one in known if one.format.dest_type == DATA):
        yield from ((data, log) for log in logs)
        yield (data,)


def _named(places: Iterable[FoundDestination]) -> str:
    """As FROM names them."""
    return ",".join(place.place.path for place in places)


def _counted(directory: str, rest: str) -> bool:
    """Whether a file of a set or a piece can be missed: what a piece has besides its log repeats its row."""
    return directory.startswith("backup_set_") or "/log/" in rest or rest.startswith("checkpoint/checkpoint.")


def _whole(found: FoundDestination | None) -> set[str]:
    if found is None:
        return set()
    sets = {one.directory for one in found.sets if not one.broken}
    return sets | {piece.directory for piece in found.pieces if not piece.broken}


def _expect_none(where: str, lines: Iterable[str]) -> None:
    first = list(lines)[:3]
    if first:
        raise DestinationBroken(f"{where}: {'; '.join(first)}")


def destination_tour(trial: DestinationTrial) -> None:
    """A fixed history that meets every defect of destinations. Raises DestinationBroken."""
    trial.write(2)
    trial.backup("DATABASE PLUS ARCHIVELOG")
    trial.write(3, "append")
    trial.freeze("MINOR")
    trial.write(4)
    trial.freeze()
    trial.backup()
    trial.write(2)
    trial.advance(5)
    trial.freeze()
    trial.restore_all()
    trial.failing_backup()
    trial.begin_backup()
    trial.cancel_backup()
    trial.gap()
    trial.spoil_all()
    trial.lose_all()
    trial.backup("DATABASE")
    trial.advance(hours=30)
    trial.set_policy("1d")
    trial.backup("DATABASE")
    trial.advance(hours=30)
    trial.change_data_path(2)
    trial.backup("DATABASE")
    trial.change_log_path(2)
    trial.write(2)
    trial.advance(3)
    trial.crash(every=7, restores=2)
    trial.restore_all()

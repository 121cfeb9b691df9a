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
from random import Random
from typing import Any

from obsim.api import Cluster
from obsim.destination import parse_uri
from obsim.destination.envelope import Damaged
from obsim.destination.store import MemoryStore
from obsim.destination.uri import DATA
from obsim.errors import ServerError
from obsim.restore.found_windows import found_windows
from obsim.restore.reading import FoundDestination, read_destination
from obsim.testing.destination_checks import Row, archive_lines, data_lines
from obsim.testing.media import Media
from obsim.testing.naive_restore import chosen_sets, plan
from obsim.testing.observation import PieceSeen, SetSeen
from obsim.testing.observer import Observer
from obsim.testing.restore_trial import picture_of
from obsim.versions import IncrementalBase

__all__ = ["DestinationBroken", "DestinationTrial", "destination_tour"]

SOURCE, TABLE = "mysql_tenant", "t1"
_GRAIN_NS = 1000
_SECOND_NS = 1_000_000_000
_WHERE = f"WHERE TENANT_ID = (SELECT TENANT_ID FROM oceanbase.DBA_OB_TENANTS WHERE TENANT_NAME = '{SOURCE}')"
_VIEWS = {
    "sets": f"SELECT * FROM oceanbase.CDB_OB_BACKUP_SET_FILES {_WHERE} ORDER BY BACKUP_SET_ID",
    "pieces": f"SELECT * FROM oceanbase.CDB_OB_ARCHIVELOG_PIECE_FILES {_WHERE} ORDER BY ROUND_ID, PIECE_ID",
    "rounds": f"SELECT * FROM oceanbase.CDB_OB_ARCHIVELOG_SUMMARY {_WHERE} ORDER BY ROUND_ID",
    "files": f"SELECT * FROM obsim.backup_files {_WHERE}",
    "index": f"SELECT BACKUP_SET_ID, LOGIC_VERSION, REUSED FROM obsim.backup_index {_WHERE}",
}


class DestinationBroken(AssertionError):
    """What can be read at a destination is not what it should be."""


@dataclass(frozen=True, slots=True)
class Look:
    """What the views showed after an action, and how many changes of the media there had been by then."""

    change_count: int
    rows: Mapping[str, list[Row]]
    sets: Mapping[int, SetSeen]
    unsure: frozenset[int]

    def stays(self, later: "Look") -> set[tuple[str, int]]:
        """Path and number of the sets that had ended here and that nobody has begun to remove until a later look."""
        then = {row["BACKUP_SET_ID"]: row["FILE_STATUS"] for row in later.rows["sets"]}
        return {
            (row["PATH"], number)
            for row in self.rows["sets"]
            if row["STATUS"] != "DOING" and (number := row["BACKUP_SET_ID"]) not in later.unsure
            and then[number] == row["FILE_STATUS"] and not self.sets[number].file_status.startswith("DELET")
        }  # fmt: skip

    def pieces(self, path: str) -> dict[tuple[int, int], Row]:
        """Rows of the pieces at a destination that no clean-up has begun to remove."""
        return {
            (row["ROUND_ID"], row["PIECE_ID"]): row
            for row in self.rows["pieces"]
            if row["PATH"] == path and not row["FILE_STATUS"].startswith("DELET")
        }


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

    def failing_backup(self, stage: str = "BACKUP_DATA_MAJOR") -> None:
        """A backup that a fault ends in a stage."""
        self.cluster.fault(f"error=9082 stage={stage} times=1")
        self.backup("DATABASE")

    def refused_backup(self, passing: int, code: int = -9082) -> None:
        """A backup during which the media refuse everything after so many calls."""
        self._idle()
        known = len(self.cluster.query(_VIEWS["sets"]))
        self.media.refusal, self.media.passing = code, passing
        self._order("ALTER SYSTEM BACKUP DATABASE")
        self._idle()
        self.media.refusal = self.media.passing = 0
        self.unsure |= {row["BACKUP_SET_ID"] for row in self.cluster.query(_VIEWS["sets"])[known:]}
        self.advance(1)

    def set_policy(self, window: str) -> None:
        """Old sets and pieces go from now on."""
        self.run(f"ALTER SYSTEM ADD DELETE BACKUP POLICY 'default' RECOVERY_WINDOW = '{window}'")

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

    # Looks.

    def look(self) -> None:
        """Compare what is at the destinations with the views. Raises DestinationBroken."""
        self.cluster.state.at_rest()
        rows = {name: [_plain(row) for row in self.cluster.query(sql)] for name, sql in _VIEWS.items()}
        tenant = self.cluster.state.tenant_named(SOURCE)
        assert tenant is not None
        seen = Observer(self.cluster.state).look().tenants[tenant.tenant_id].sets
        self.looks.append(Look(len(self.media.changes), rows, dict(seen), frozenset(self.unsure)))
        self.diary.append((self.cluster.now_ns, picture_of(tenant.storage)))
        for path, store in self.media.stores.items():
            found = self._read(path, store)
            if found is not None:
                _expect_none(path, self._lines(found, store.files))

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
        order = Random(self.seed)
        stores: dict[str, MemoryStore] = {path: MemoryStore() for path in self.media.stores}
        moments = sum(map(len, self.media.changes)) // every
        chosen = set(order.sample(range(1, moments + 1), min(restores, moments)))
        done = stops = place = 0
        for number, phase in enumerate(self.media.changes):
            while self.looks[place].change_count <= number:
                place += 1
            for path, name, data in order.sample(phase, len(phase)):
                if data is None:
                    stores[path].files.pop(name, None)
                else:
                    stores[path].files[name] = data
                done += 1
                if done % every == 0:
                    stops += 1
                    last = self._judge(stores, self.looks[max(place - 1, 0)], self.looks[place])
                    if last is not None and stops in chosen:
                        self.restore(*last, {path: store.files for path, store in stores.items()})
        _expect_none("crash", ["the changes do not lead to what is there"] * any(
            stores[path].files != store.files for path, store in self.media.stores.items()
        ))  # fmt: skip
        return stops

    def _judge(
        self, stores: Mapping[str, MemoryStore], before: Look, after: Look
    ) -> tuple[str, str, int] | None:
        """Data and archive destination and the last moment of a window there, None where there is none."""
        read = {path: found for path, store in stores.items() if (found := self._read(path, store)) is not None}
        kept = before.stays(after)
        for path, found in read.items():
            _expect_none(path, _crash_lines(found, kept, before, after))
        _expect_none("crash", (f"set {n} at {path} is lost" for path, n in kept if path not in read))
        data = [found for found in read.values() if found.format.dest_type == DATA]
        last = None
        for found in data:
            for log in (one for one in read.values() if one.format.dest_type != DATA):
                spans = found_windows([found, log], found.backup_sets())
                pair = found.place.path, log.place.path
                covered = [(span.first_scn, span.last_scn) for span in spans]
                _expect_none(" and ".join(pair), _window_lines(found, log, covered, before, after))
                last = (*pair, covered[-1][1]) if covered else last
        return last

    # Restores.

    def restore(self, data: str, log: str, scn: int, files: Mapping[str, Mapping[str, bytes]] | None = None) -> None:
        """Another cluster restores to an SCN from what is there, block for block. Raises DestinationBroken."""
        if files is None:
            files = {path: store.files for path, store in self.media.stores.items()}
        other = Cluster("blank", version=self.version, seed=self.seed + 1)
        other.state.outside.attach(Media.holding(files))
        unit = other.query("SELECT NAME FROM oceanbase.DBA_OB_UNIT_CONFIGS")[0][0]
        other.execute(f"CREATE RESOURCE POOL p UNIT = '{unit}', UNIT_NUM = 1")
        try:
            other.execute(f"ALTER SYSTEM RESTORE back FROM '{data},{log}' UNTIL SCN = {scn} WITH 'pool_list=p'")
        except ServerError as refused:
            raise DestinationBroken(f"a restore to {scn} from {data} and {log} is refused: {refused}") from None
        other.run_until_idle()
        tenant = other.state.tenant_named("back")
        assert tenant is not None
        was = [shown for at_ns, shown in self.diary if at_ns - at_ns % _GRAIN_NS <= scn][-1]
        if picture_of(tenant.storage) != was:
            raise DestinationBroken(f"a tenant restored to {scn} from {data} and {log} differs from the source then")

    def restore_all(self, most: int = 4) -> int:
        """Restore to the ends of the windows there are now; how many restores that took."""
        count = 0
        found = {path: self._read(path, store) for path, store in self.media.stores.items()}
        for data in (one for one in found.values() if one is not None and one.format.dest_type == DATA):
            for log in (one for one in found.values() if one is not None and one.format.dest_type != DATA):
                for span in found_windows([data, log], data.backup_sets()):
                    for scn in {span.first_scn, span.last_scn}:
                        if count < most:
                            self.restore(data.place.path, log.place.path, scn)
                            count += 1
        return count

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


def _counted(directory: str, rest: str) -> bool:
    """Whether a file of a set or a piece can be missed: what a piece has besides its log repeats its row."""
    return directory.startswith("backup_set_") or "/log/" in rest or rest.startswith("checkpoint/checkpoint.")


def _whole(found: FoundDestination | None) -> set[str]:
    if found is None:
        return set()
    return {one.directory for one in (*found.sets, *found.pieces) if not one.broken}


def _plain(row: Any) -> Row:
    return {name: row[name] for name in row.keys()}  # noqa: SIM118 - a row of a query is no mapping


def _expect_none(where: str, lines: Iterable[str]) -> None:
    first = list(lines)[:3]
    if first:
        raise DestinationBroken(f"{where}: {'; '.join(first)}")


def _crash_lines(found: FoundDestination, kept: set[tuple[str, int]], before: Look, after: Look) -> Iterator[str]:
    path = found.place.path
    yield from found.broken
    whole = {one.backup_set_id for one in found.sets if not one.broken}
    known = before.sets.keys() | after.sets.keys()
    yield from (f"set {n} is lost" for at, n in kept if at == path and n not in whole)
    yield from (f"set {n} is not known" for n in sorted(whole - known))
    for one in found.sets:
        if one.damaged and one.backup_set_id not in after.unsure:
            yield f"set {one.backup_set_id} is damaged: {one.broken[0]}"
    pieces = {(piece.round_id, piece.piece_id): piece for piece in found.pieces}
    earlier, later = before.pieces(path), after.pieces(path)
    for key in earlier.keys() & later.keys():
        record = pieces[key].record if key in pieces and not pieces[key].broken else None
        if record is None:
            yield f"piece {key} is lost"
        elif not earlier[key]["CHECKPOINT_SCN"] <= record.checkpoint_scn <= later[key]["CHECKPOINT_SCN"]:
            yield f"piece {key} is archived to {record.checkpoint_scn}"
    yield from (f"piece {key} is damaged: {piece.broken[0]}" for key, piece in pieces.items() if piece.damaged)


def _window_lines(
    found: FoundDestination, log: FoundDestination, covered: list[tuple[int, int]], before: Look, after: Look
) -> Iterator[str]:
    """Where the window that is read is not the naive one of the rows of what is there."""
    whole = {one.backup_set_id for one in found.sets if not one.broken}
    rows = {row["BACKUP_SET_ID"]: row for row in after.rows["sets"]}
    sets = {
        number: seen
        for number in sorted(whole - after.unsure)
        for seen in [before.sets[number] if before.sets.get(number, after.sets[number]).usable and number in before.sets
                     else after.sets[number]]
        if rows[number]["PATH"] == found.place.path
    }  # fmt: skip
    if whole & after.unsure:
        return
    pieces = [
        PieceSeen(p.round_id, p.piece_id, r.start_scn, r.end_scn, r.checkpoint_scn, "", "AVAILABLE")
        for p in log.pieces if not p.broken and (r := p.record) is not None and r.complete
    ]  # fmt: skip
    for scn in _edges(sets.values(), pieces):
        if pieces:
            restorable = plan(sets, pieces, scn) is not None
        else:
            chain = chosen_sets(sets, scn)
            restorable = bool(chain) and chain[-1].min_restore_scn == scn
            restorable = restorable and rows[chain[-1].backup_set_id]["PLUS_ARCHIVELOG"] == "ON"
        if restorable != any(first <= scn <= last for first, last in covered):
            yield f"a restore to {scn} {'succeeds' if restorable else 'fails'}, the window is {covered}"


def _edges(sets: Iterable[SetSeen], pieces: Iterable[PieceSeen]) -> list[int]:
    ends = [s.min_restore_scn for s in sets if s.min_restore_scn]
    ends += [scn for p in pieces for scn in (p.start_scn, p.end_scn, p.checkpoint_scn)]
    return sorted({scn + step for scn in ends for step in (-1, 0, 1)})


def destination_tour(trial: DestinationTrial) -> None:
    """A fixed history that meets every defect of destinations. Raises DestinationBroken."""
    trial.write(2)
    trial.backup("DATABASE PLUS ARCHIVELOG")
    trial.write(3, "append")
    trial.freeze("MINOR")
    trial.write(4)
    trial.backup()
    trial.advance(5)
    trial.freeze()
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

"""What of an archive lies at a destination on a medium: all of it in the end, and nothing twice on the way there."""

import pytest

import obsim
from obsim.archive import written
from obsim.destination import parse_uri
from obsim.destination.envelope import FILE_BYTES_MAX, Kind
from obsim.destination.intents import RemoveFiles, WriteFiles, carried_out
from obsim.destination.outcome import Outcome
from obsim.destination.records import PieceRecords, read_record
from obsim.destination.store import MemoryStore
from obsim.restore.reading import read_destination

TENANT = "mysql_tenant"
ARCHIVE = "file:///m/arch"
ROUND = "SELECT STATUS, CHECKPOINT_SCN, COMMENT FROM oceanbase.DBA_OB_ARCHIVELOG"
JOB = "SELECT STATUS, RESULT FROM oceanbase.DBA_OB_BACKUP_JOB_HISTORY ORDER BY JOB_ID DESC LIMIT 1"
OUT_OF_SPACE, NO_PERMISSION, NOT_CONNECTED = -9082, -9071, -9070


class Medium:
    """A medium in memory; `refuse` says what a write ends with, by the names of its files."""

    background = False

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.refuse = lambda _names: 0
        self.writes: list[list[str]] = []

    def reaches(self, place):
        return place.path == ARCHIVE

    def allows(self, place):
        return self.reaches(place)

    def perform(self, intent) -> Outcome:
        if isinstance(intent, WriteFiles):
            names = [name for phase in intent.phases for name, _ in phase]
            code = self.refuse(names)
            self.writes.append(names)
            if code:
                return Outcome(code)
        elif isinstance(intent, RemoveFiles) and self.refuse(list(intent.names)):
            return Outcome(NOT_CONNECTED)
        return carried_out(intent, lambda _place: self.store)

    def outcome(self, *, wait):
        raise AssertionError("nothing is begun here")

    @property
    def pieces(self):
        return read_destination(parse_uri(ARCHIVE), self.store).pieces

    def rows_before(self, piece) -> list[int]:
        """The pieces that a frozen one names as those before it."""
        data = self.store.read(f"{piece.directory}/tenant_archive_piece_infos.obarc", FILE_BYTES_MAX)
        return [row.piece_id for row in read_record(Kind.PIECE_INFOS, PieceRecords, data).pieces]


class Archived:
    """A tenant that archives to a medium, a piece a day."""

    def __init__(self) -> None:
        self.medium = Medium()
        self.cluster = obsim.Cluster()
        self.cluster.state.outside.attach(self.medium)
        self.run("ALTER SYSTEM SET archive_lag_target = '1s'")
        self.run("ALTER SYSTEM NOARCHIVELOG")
        self.cluster.advance(seconds=5)
        self.run(f"ALTER SYSTEM SET log_archive_dest = 'LOCATION={ARCHIVE} PIECE_SWITCH_INTERVAL=1d'")
        self.run("ALTER SYSTEM ARCHIVELOG")
        self.cluster.advance(minutes=1)

    def run(self, text: str) -> None:
        self.cluster.execute(text, tenant=TENANT)

    def write(self, count: int = 1) -> None:
        """So many entries of the log, all at once."""
        state = self.cluster.state
        tenant = state.tenant_named(TENANT)
        for _ in range(count):
            tenant.storage.write("t1", 1, "random", 0)
        state.note_rows(tenant)

    @property
    def round(self):
        (row,) = self.cluster.query(ROUND, tenant=TENANT)
        return tuple(row)

    @property
    def last_job(self):
        (row,) = self.cluster.query(JOB, tenant=TENANT)
        return tuple(row)

    @property
    def entries(self):
        return self.cluster.state.tenant_named(TENANT).archive.log.entries


@pytest.fixture
def archived():
    return Archived()


def test_a_piece_that_could_not_be_written_is_written_later_whatever_was_written_since(archived):
    medium = archived.medium
    for _ in range(3):
        archived.write()
        archived.cluster.advance(hours=23, minutes=56)
        medium.refuse = lambda names: OUT_OF_SPACE if any("/log/" in name or "_end" in name for name in names) else 0
        archived.write()
        archived.cluster.advance(minutes=6)  # past the end of a piece
        archived.write()
        medium.refuse = lambda _names: 0
        archived.cluster.advance(minutes=1)
    archived.cluster.advance(minutes=1)
    assert [(p.piece_id, p.broken, p.record.frozen) for p in medium.pieces] == [
        (2, [], True), (3, [], True), (4, [], True), (5, [], False)
    ]  # fmt: skip
    assert [medium.rows_before(p) for p in medium.pieces[:3]] == [[], [2], [2, 3]]
    assert [e for p in medium.pieces for e in p.log] == list(archived.entries)


def test_of_a_growing_piece_what_is_new_is_encoded(archived, monkeypatch):
    encoded = []
    real = written._entry_record
    monkeypatch.setattr(written, "_entry_record", lambda entry: encoded.append(entry) or real(entry))
    for _ in range(20):
        archived.write(100)
        archived.cluster.advance(seconds=2)
    (piece,) = archived.medium.pieces
    assert (len(piece.log), piece.broken, piece.record.log_file_count) == (len(archived.entries), [], 8)
    assert piece.log == list(archived.entries)
    assert len(encoded) < 20 * (100 + written.ENTRIES_IN_FILE)


def test_where_nothing_has_changed_nothing_is_written(archived):
    archived.write()
    archived.cluster.advance(seconds=2)
    count = len(archived.medium.writes)
    archived.cluster.query("SELECT 1")
    archived.cluster.advance(milliseconds=1)
    assert len(archived.medium.writes) == count
    archived.cluster.advance(seconds=1)
    (names,) = archived.medium.writes[count:]
    ends = [name.rpartition("/")[2].partition(".")[0] for name in names]
    assert ends == ["checkpoint_info", "checkpoint", "file_info"]


def test_there_is_one_checkpoint_and_a_refused_write_takes_none_away(archived):
    def checkpoints():
        return [name for name in archived.medium.store.files if "/checkpoint/checkpoint." in name]

    archived.cluster.advance(seconds=5)
    before = checkpoints()
    assert len(before) == 1
    archived.medium.refuse = lambda _names: OUT_OF_SPACE
    for _ in range(3):
        archived.cluster.advance(seconds=5)
    assert checkpoints() == before
    archived.medium.refuse = lambda _names: 0
    archived.cluster.advance(seconds=5)
    archived.cluster.advance(seconds=5)
    assert len(checkpoints()) == 1
    assert not archived.medium.pieces[0].broken


def test_the_log_of_a_tenant_that_is_dropped_is_there_to_the_end(archived):
    archived.cluster.advance(seconds=5)
    archived.write(3)
    archived.cluster.execute(f"DROP TENANT {TENANT} FORCE")
    archived.cluster.run_until_idle()
    source = archived.cluster.state.left_behind[0]
    (piece,) = archived.medium.pieces
    assert (piece.broken, piece.record.frozen) == ([], True)
    assert piece.record.checkpoint_scn == source.archive.history[-1].checkpoint_scn
    assert any("rounds/round_d" in n and n.endswith("_end.obarc") for n in archived.medium.store.files)
    assert not archived.cluster.state.archive_writers.keys() & {source.label.tenant_id}


def test_what_a_dropped_tenant_could_not_write_is_written_later(archived):
    archived.medium.refuse = lambda _names: NO_PERMISSION
    archived.cluster.execute(f"DROP TENANT {TENANT} FORCE")
    archived.cluster.run_until_idle()
    assert not any(n.endswith("_end.obarc") for n in archived.medium.store.files)
    archived.medium.refuse = lambda _names: 0
    archived.cluster.advance(seconds=1)
    (piece,) = archived.medium.pieces
    assert piece.record.frozen


def test_a_full_medium_holds_the_checkpoint_until_there_is_room(archived):
    held = archived.round[1]
    archived.medium.refuse = lambda _names: OUT_OF_SPACE
    for seconds in (10, 30):
        archived.write()
        archived.cluster.advance(seconds=seconds)
    assert archived.round[0::2] == ("DOING", "")
    assert archived.round[1] == held, "when it was tried first, there was a change of that very moment to be written"
    archived.medium.refuse = lambda _names: 0
    archived.cluster.advance(seconds=1)
    assert archived.round[1] == archived.cluster.state.now_ns, "all that had piled up is sent at once"
    archived.cluster.advance(milliseconds=1)
    (piece,) = archived.medium.pieces
    assert piece.record.checkpoint_scn == archived.round[1]
    assert piece.log == list(archived.entries)
    archived.cluster.advance(seconds=5)
    assert archived.round[:2] == ("DOING", archived.cluster.state.now_ns - 10**6)


@pytest.mark.parametrize("code", [NO_PERMISSION, NOT_CONNECTED])
def test_a_medium_that_refuses_interrupts_the_round_and_running_backups_end_with_9027(archived, code):
    archived.run("ALTER SYSTEM SET data_backup_dest = 'file:///memory/data'")
    archived.run("ALTER SYSTEM BACKUP DATABASE")
    archived.cluster.advance(seconds=3)
    archived.medium.refuse = lambda _names: code
    archived.cluster.advance(seconds=1)
    assert archived.round[0::2] == ("INTERRUPTED", "log stream 1 interrupted.")
    archived.cluster.run_until_idle()
    assert archived.last_job == ("FAILED", -9027)
    stood, count = archived.round[1], len(archived.medium.writes)
    for _ in range(60):
        archived.cluster.advance(minutes=1)
    assert archived.round[1] == stood
    assert len(archived.medium.writes) - count == 11, "it is asked less and less often"


def test_a_backup_that_nobody_looks_at_learns_at_its_end(archived):
    archived.run("ALTER SYSTEM SET data_backup_dest = 'file:///memory/data'")
    archived.medium.refuse = lambda _names: NOT_CONNECTED
    archived.run("ALTER SYSTEM BACKUP DATABASE")
    archived.cluster.advance(hours=1)
    assert archived.last_job == ("FAILED", -9027)


def test_an_interrupted_round_that_was_suspended_goes_on_and_brings_all_of_its_log(archived):
    archived.medium.refuse = lambda _names: NO_PERMISSION
    archived.write()
    archived.cluster.advance(seconds=5)
    assert archived.round[0] == "INTERRUPTED"
    archived.medium.refuse = lambda _names: 0
    seen = []
    for state in ("DEFER", "ENABLE"):
        archived.run(f"ALTER SYSTEM SET log_archive_dest_state = '{state}'")
        archived.cluster.run_until_idle()
        seen.append(archived.round[0])
    assert seen == ["SUSPEND", "DOING"]
    archived.cluster.advance(seconds=5)
    (piece,) = archived.medium.pieces
    assert (piece.broken, piece.record.checkpoint_scn) == ([], archived.cluster.state.now_ns)


def test_a_round_that_is_resumed_while_the_medium_still_refuses_is_interrupted_again(archived):
    archived.medium.refuse = lambda _names: NO_PERMISSION
    archived.cluster.advance(seconds=5)
    for state in ("DEFER", "ENABLE"):
        archived.run(f"ALTER SYSTEM SET log_archive_dest_state = '{state}'")
        archived.cluster.run_until_idle()
    archived.cluster.advance(seconds=5)
    assert archived.round[0] == "INTERRUPTED"


def test_what_is_written_in_the_last_second_of_a_piece_is_in_it(archived):
    """A full piece is archived to a whole second; what was written behind that, before its end, is its own too."""
    for text in ("NOARCHIVELOG", "ARCHIVELOG"):
        archived.cluster.advance(milliseconds=350)
        archived.run(f"ALTER SYSTEM {text}")
        archived.cluster.run_until_idle()
    current = archived.cluster.state.tenant_named(TENANT).archive.round
    end_ns = current.start_scn + 86_400 * 10**9
    assert end_ns % 10**9 >= 500 * 10**6
    for moment_ns in (end_ns - 400 * 10**6, end_ns - 1, end_ns, end_ns + 10**6):
        archived.cluster.advance_to(moment_ns)
        archived.write()
    archived.cluster.advance(minutes=1)
    first, second = archived.medium.pieces[1:]
    assert [e.scn for e in first.log][-2:] == [end_ns - 400 * 10**6, end_ns - 1000]
    assert [e.scn for e in second.log] == [end_ns, end_ns + 10**6]
    assert first.record.checkpoint_scn == end_ns - end_ns % 10**9


def test_back_on_another_timeline_the_medium_has_what_is_true_there(archived):
    archived.write(300)
    archived.cluster.advance(seconds=5)
    archived.cluster.snapshot("then")
    stood = archived.round[1]
    archived.write(600)
    archived.cluster.advance(seconds=60)
    (piece,) = archived.medium.pieces
    assert (len(piece.log), piece.record.checkpoint_scn - stood) == (900, 60 * 10**9)
    archived.cluster.restore_snapshot("then")
    archived.cluster.advance(milliseconds=1)
    (piece,) = archived.medium.pieces
    assert (piece.broken, piece.record.checkpoint_scn) == ([], stood)
    assert piece.log == list(archived.entries)
    archived.cluster.advance(seconds=2)
    (piece,) = archived.medium.pieces
    assert (piece.broken, piece.record.checkpoint_scn, piece.log) == ([], stood + 2 * 10**9, list(archived.entries))

"""Plans and windows against each other and against the rules as sentences, over random sets and pieces."""

from hypothesis import given
from hypothesis import strategies as st

from obsim.archive.piece import ArchivePiece
from obsim.backup.complement import ComplementLog
from obsim.backup.job import BackupType
from obsim.backup.set import BackupSet, FileStatus, SetStatus
from obsim.ids import BackupSetId, Bytes, LogStreamId, Nanoseconds, Scn, TenantId
from obsim.restore.plan import choose_pieces, choose_sets, plan_restore
from obsim.restore.window import NO_LOG, NO_SET, NOT_YET, Span, spans

NOW = 60


def backup_set(number, kind, at, *, full=0, inc=0, replay=0):
    made = BackupSet(
        TenantId(1002), BackupSetId(number), 1001, "file:///a", BackupType[kind], BackupSetId(full), BackupSetId(inc),
        BackupSetId(0), Nanoseconds(at), False, "NONE", "", "4.2.1.0", "4.2.1.0", end_ns=Nanoseconds(at),
    )  # fmt: skip
    made.status, made.file_status = SetStatus.SUCCESS, FileStatus.AVAILABLE
    made.min_restore_scn, made.start_replay_scn = Scn(at), Scn(replay)
    return made


def piece(number, start, end, checkpoint, *, complete=True):
    return ArchivePiece(number, Scn(start), Scn(end), Scn(checkpoint), Bytes(0), frozen=True, complete=complete)


def ids(things):
    return [getattr(thing, "backup_set_id", None) or thing.piece_id for thing in things]


CHAIN = [
    backup_set(1, "FULL", 10, replay=5),
    backup_set(2, "INC", 20, full=1, inc=1, replay=15),
    backup_set(3, "FULL", 30, replay=25),
    backup_set(4, "INC", 40, full=3, inc=3, replay=35),
]


def test_the_newest_chain_whose_tip_is_consistent_by_then():
    assert [ids(choose_sets(CHAIN, scn)) for scn in (9, 10, 19, 20, 30, 39, 40)] == [
        [], [1], [1], [1, 2], [3], [3], [3, 4]
    ]


def test_an_increment_without_its_chain_is_passed_over():
    CHAIN[2].file_status, kept = FileStatus.DELETED, CHAIN[2].file_status
    try:
        assert ids(choose_sets(CHAIN, 50)) == [1, 2], "set 4 names set 3, which is gone"
    finally:
        CHAIN[2].file_status = kept


def test_a_set_beyond_the_moment_ends_the_walk_even_where_it_cannot_be_used():
    late = backup_set(1, "FULL", 15, replay=5)
    late.status, late.file_status = SetStatus.FAILED, FileStatus.INCOMPLETE
    early = backup_set(2, "FULL", 10, replay=5)
    assert [ids(choose_sets([late, early], scn)) for scn in (10, 14, 15)] == [[], [], [2]]
    pieces = [piece(1, 0, 100, 60)]
    assert spans([late, early], pieces, NOW) == [Span(Scn(0), Scn(14), NO_SET), Span(Scn(15), Scn(NOW))]
    late.file_status = FileStatus.DELETED
    assert ids(choose_sets([late, early], 10)) == [2], "nobody finds what is removed"
    assert spans([late, early], pieces, NOW) == [Span(Scn(0), Scn(9), NO_SET), Span(Scn(10), Scn(NOW))]


def test_pieces_are_adjacent_and_reach_the_moment():
    pieces = [piece(1, 0, 10, 9), piece(2, 10, 20, 19), piece(3, 20, 30, 24), piece(4, 40, 50, 45)]
    assert ids(choose_pieces(pieces, 5, 8)) == [1]
    assert ids(choose_pieces(pieces, 5, 10)) == [1, 2], "log of the last moments of a piece may lie in the next"
    assert ids(choose_pieces(pieces, 12, 24)) == [2, 3]
    assert ids(choose_pieces(pieces, 12, 25)) == [], "archived only up to 24"
    assert ids(choose_pieces(pieces, 12, 42)) == [], "a gap from 30 to 40"
    assert ids(choose_pieces(pieces, 41, 44)) == [4]


def test_without_archive_only_the_log_in_the_set_counts():
    with_log = backup_set(1, "FULL", 10, replay=5)
    with_log.complement = ComplementLog((piece(1, 0, 100, 10),), (LogStreamId(1),))
    assert plan_restore([with_log], None, 10) is not None
    assert plan_restore([with_log], None, 11) is None
    assert plan_restore(CHAIN, None, 10) is None
    assert spans([with_log], None, 60) == [
        Span(Scn(0), Scn(9), NO_SET), Span(Scn(10), Scn(10)), Span(Scn(11), Scn(60), NO_LOG)
    ]


def test_window_of_two_rounds_with_a_gap():
    pieces = [piece(1, 0, 20, 12), piece(2, 26, 46, 45), piece(3, 46, 66, 52)]
    assert spans(CHAIN, pieces, NOW) == [
        Span(Scn(0), Scn(9), NO_SET), Span(Scn(10), Scn(12)), Span(Scn(13), Scn(39), NO_LOG), Span(Scn(40), Scn(52)),
        Span(Scn(53), Scn(60), NOT_YET),
    ]


@st.composite
def histories(draw):
    """Sets with rising ends, some unusable; pieces of several rounds, some of them deleted."""
    sets, at, full, inc = [], 0, 0, 0
    for number in range(1, draw(st.integers(0, 6)) + 1):
        at += draw(st.integers(1, 12))
        kind = "INC" if full and draw(st.booleans()) else "FULL"
        made = backup_set(
            number, kind, at, full=full if kind == "INC" else 0, inc=inc if kind == "INC" else 0,
            replay=max(0, at - draw(st.integers(1, 9))),
        )  # fmt: skip
        full, inc = (number, number) if kind == "FULL" else (full, number)
        made.file_status = draw(st.sampled_from([FileStatus.AVAILABLE] * 4 + [FileStatus.DELETED]))
        sets.append(made)
    pieces, start = [], 0
    for number in range(1, draw(st.integers(0, 6)) + 1):
        start += draw(st.sampled_from([0, 0, 0, 3]))
        length = draw(st.integers(2, 12))
        checkpoint = start + draw(st.integers(0, length - 1))
        if draw(st.booleans()):
            checkpoint = start + length - 1
        pieces.append(piece(number, start, start + length, checkpoint, complete=draw(st.integers(0, 9)) > 0))
        start += length
    return sets, pieces


def possible(sets, pieces, scn):
    """Whether the newest chain by `scn` has all its log: the rule written without a walk."""
    usable = [s for s in sets if s.usable and s.min_restore_scn <= scn]
    known = {s.backup_set_id: s for s in usable}

    def whole(backup_set):
        if backup_set.backup_type == "FULL":
            return True
        before = known.get(backup_set.prev_inc_id)
        newer_full = any(
            s.backup_type == "FULL" and backup_set.prev_full_id < s.backup_set_id < backup_set.backup_set_id
            for s in usable
        )
        return before is not None and not newer_full and backup_set.prev_full_id in known and whole(before)

    tip = max((s for s in usable if whole(s)), key=lambda s: s.backup_set_id, default=None)
    if tip is None:
        return False
    covered = set()
    ordered = sorted((p for p in pieces if p.complete), key=lambda p: p.start_scn)
    for place, current in enumerate(ordered):
        follows = place + 1 < len(ordered) and ordered[place + 1].start_scn == current.end_scn
        covered |= set(range(current.start_scn, (current.end_scn if follows else current.checkpoint_scn + 1)))
    return set(range(tip.start_replay_scn, scn + 1)) <= covered


@given(histories())
def test_plans_windows_and_the_rule_agree_at_every_moment(history):
    sets, pieces = history
    cut = spans(sets, pieces, NOW)
    assert [s.first_scn for s in cut][1:] == [s.last_scn + 1 for s in cut][:-1], "no moment twice, none left out"
    assert (cut[0].first_scn, cut[-1].last_scn) == (0, NOW)
    for scn in range(NOW + 1):
        inside = any(s.restorable for s in cut if s.first_scn <= scn <= s.last_scn)
        planned = plan_restore(sets, pieces, scn) is not None
        assert inside == planned == possible(sets, pieces, scn), (scn, inside, planned)

"""Which sets and pieces a clean-up chooses, against the rule as a sentence and against the documented example."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obsim.archive.piece import ArchivePiece
from obsim.backup.job import BackupType
from obsim.backup.set import BackupSet, FileStatus, SetStatus
from obsim.cleanup.policy import window_ns
from obsim.cleanup.selection import ActivePiece, obsolete_pieces, obsolete_sets
from obsim.ids import BackupSetId, Nanoseconds, Scn, TenantId

DAY = 86_400 * 10**9
HERE, ELSEWHERE = "file:///data/a", "file:///data/b"


def backup_set(number, kind, end_ns, *, path=HERE, status=SetStatus.SUCCESS, file_status=FileStatus.AVAILABLE):
    made = BackupSet(
        TenantId(1002), BackupSetId(number), 1001, path, BackupType[kind], BackupSetId(0), BackupSetId(0),
        BackupSetId(0), Nanoseconds(end_ns - 5), False, "NONE", "", "4.2.1.0", "4.2.1.0", end_ns=Nanoseconds(end_ns),
    )  # fmt: skip
    made.status, made.file_status = status, file_status
    return made


def chosen(sets, expired_ns):
    found = obsolete_sets(sets, HERE, Nanoseconds(expired_ns))
    return [s.backup_set_id for s in found.sets], found.clean_point and found.clean_point.backup_set_id


def test_example_of_the_documents():
    """Fulls on days 1, 7 and 14, increments on 4 and 11, a window of 7 days, and it is day 15 (engine.md 3.7)."""
    days = [(1, "FULL"), (4, "INC"), (7, "FULL"), (11, "INC"), (14, "FULL")]
    sets = [backup_set(number + 1, kind, day * DAY) for number, (day, kind) in enumerate(days)]
    assert chosen(sets, 8 * DAY) == ([1, 2], 3)
    assert chosen(sets, 7 * DAY) == ([1, 2], 3), "a set that ended at the very expiry time is outside the window"
    assert chosen(sets, 7 * DAY - 1) == ([], 1)
    assert chosen(sets, 1 * DAY - 1) == ([], None)


def test_failed_sets_go_without_a_clean_point_and_running_ones_stay():
    sets = [
        backup_set(1, "FULL", DAY, status=SetStatus.FAILED, file_status=FileStatus.INCOMPLETE),
        backup_set(2, "INC", 2 * DAY),
        backup_set(3, "FULL", 0, status=SetStatus.DOING, file_status=FileStatus.COPYING),
    ]
    assert chosen(sets, 9 * DAY) == ([1], None)


def test_what_a_cancelled_run_left_deleting_goes_and_is_no_clean_point():
    sets = [backup_set(1, "FULL", DAY), backup_set(2, "FULL", 2 * DAY, file_status=FileStatus.DELETING)]
    assert chosen(sets, 9 * DAY) == ([2], 1)


SETS = st.lists(
    st.tuples(
        st.sampled_from(["FULL", "INC", "INC"]), st.integers(1, 4), st.booleans(), st.sampled_from(list(FileStatus)),
        st.sampled_from([HERE, HERE, HERE, ELSEWHERE]),
    ),
    max_size=12,
)  # fmt: skip


@given(SETS, st.integers(0, 40))
def test_rule_in_one_sentence(drawn, expired_ns):
    """What goes: old sets here that failed or are half deleted, and all older than the newest old full one."""
    sets, at = [], 0
    for number, (kind, gap, failed, file_status, path) in enumerate(drawn, 1):
        at += gap
        status = SetStatus.FAILED if failed else SetStatus.SUCCESS
        sets.append(backup_set(number, kind, at, path=path, status=status, file_status=file_status))
    old = {
        s.backup_set_id: s for s in sets if s.end_ns <= expired_ns and s.path == HERE and s.file_status != "DELETED"
    }
    dead = {i for i, s in old.items() if s.status == "FAILED" or s.file_status == "DELETING"}
    point = max((i for i, s in old.items() if i not in dead and s.backup_type == "FULL"), default=None)
    gone = dead | {i for i in old if point is not None and i < point}
    assert chosen(sets, expired_ns) == (sorted(gone), point)


def piece(number, start, end, checkpoint, *, frozen=True):
    return ArchivePiece(number, Scn(start), Scn(end), Scn(checkpoint), 0, frozen=frozen, complete=True)


def test_pieces_go_by_their_end_or_by_their_checkpoint():
    pieces = [piece(1, 0, 10, 9), piece(2, 10, 20, 19), piece(3, 20, 30, 22, frozen=False)]

    def ids(replay, *, by_checkpoint=False):
        return [p.piece_id for p in obsolete_pieces(pieces, Scn(replay), by_checkpoint=by_checkpoint)]

    assert (ids(9), ids(10), ids(19), ids(20), ids(29)) == ([], [1], [1], [1, 2], [1, 2])
    assert (ids(8, by_checkpoint=True), ids(9, by_checkpoint=True), ids(19, by_checkpoint=True)) == ([], [1], [1, 2])


def test_an_active_piece_that_should_go_is_refused():
    with pytest.raises(ActivePiece):
        list(obsolete_pieces([piece(1, 0, 10, 4, frozen=False)], Scn(10), by_checkpoint=False))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("7d", 7 * DAY), ("1H", DAY // 24), (" 90m ", DAY // 16), ("", 0), ("5", 5_000), ("a", None), ("7 d", None)],
)
def test_window(text, expected):
    assert window_ns(text) == expected

"""How long a restore takes, and into how many DAGs it is cut."""

from obsim.archive.piece import ArchivePiece
from obsim.ids import LogStreamId, TabletId
from obsim.restore import nets
from obsim.restore.nets import copies_of_each, data_net
from obsim.restore.run import REPLAY_BYTES_PER_S, REPLAY_NS
from obsim.scheduler.dispatcher import DAG_COUNT_MAX, Dispatcher
from obsim.scheduler.events import EventQueue

SOURCE = "mysql_tenant"


def test_replay_takes_as_long_as_the_archived_part_of_a_piece_has_bytes(bench) -> None:
    """A piece of a day that is an hour old holds the log of that hour, all of which is replayed."""
    bench.backup()
    for _ in range(20):
        bench.cluster.write(SOURCE, "t1", 40)
    bench.cluster.advance(hours=1)
    bench.restored()
    (job,) = bench.cluster.state.restores.jobs
    (piece,) = job.request.plan.pieces
    assert isinstance(piece, ArchivePiece)
    assert piece.checkpoint_scn - piece.start_scn < (piece.end_scn - piece.start_scn) // 10
    (_, _, start, consistent), (begin_ns, end_ns, first, last) = job.progress.replays
    assert (start, consistent, last) == (job.request.plan.start_scn, first, piece.checkpoint_scn)
    replayed = piece.input_bytes * (last - first) // (piece.checkpoint_scn - piece.start_scn)
    assert replayed == 53547
    assert end_ns - begin_ns == REPLAY_NS + replayed * 10**9 // REPLAY_BYTES_PER_S


def test_all_log_streams_together_fit_into_a_scheduler() -> None:
    """There may be 15,000 DAGs of a type: twenty log streams of many tablets may not have 1,024 copy tasks each."""
    dispatcher = Dispatcher(EventQueue())
    tablets = [(TabletId(200_001 + n), 1) for n in range(3_000)]
    copies = 0
    for stream in range(20):
        net, made = data_net(LogStreamId(1001 + stream), tablets, lambda _now_ns: None, copies_of_each(20))
        dispatcher.submit_net(net, 0)
        copies += len(made)
        assert [tablet for _, part in made for tablet in part] == tablets
    assert DAG_COUNT_MAX * 3 // 4 < copies <= DAG_COUNT_MAX


def test_few_log_streams_have_as_many_copy_tasks_as_ever() -> None:
    assert [copies_of_each(n) for n in (0, 1, 14, 15, 15_000, 20_000)] == [nets._COPIES_MAX] * 3 + [1000, 1, 1]

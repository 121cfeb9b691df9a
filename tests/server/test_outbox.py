"""Answers that wait for the disk: one client's trouble is nobody else's, and nobody's answers pile up."""

import asyncio
import threading
from contextlib import contextmanager
from itertools import groupby

from obsim.errors import error
from obsim.server.outbox import AT_ONCE_MAX_S, HELD_BYTES_MAX, Outbox
from obsim.server.packets import error_packet, frame

FULL = error("OB_SERVER_OUTOF_DISK_SPACE")


class Disk:
    """What is to be kept; `wrong` is how the next write fails."""

    def __init__(self):
        self.added, self.kept, self.wrong, self.taken, self.long = 1, 0, None, [], set()

    def show(self):
        pass

    def rest(self):
        pass

    def take(self):
        self.taken.append(self.added)
        return self.added

    def takes_long(self, work):
        return work in self.long

    def write(self, work):
        if self.wrong is not None:
            raise self.wrong

    def done(self, work):
        self.kept = work

    def failed(self, work, failed):
        self.kept = self.added
        return FULL


class Line:
    """A socket. `gone` is what every use of it raises."""

    def __init__(self, gone=None, unsent_bytes=0):
        self.sent, self.gone, self.unsent_bytes, self.aborted = [], gone, unsent_bytes, False

    def write(self, data):
        self.use()
        self.sent.append(data)

    def write_eof(self):
        self.use()
        self.sent.append("end")

    def use(self):
        if self.gone is not None:
            raise self.gone

    def abort(self):
        self.aborted = True

    def get_write_buffer_size(self):
        return self.unsent_bytes

    def get_write_buffer_limits(self):
        return 16, 64


class Client:
    def __init__(self):
        self.told, self.command = [], 1

    def hold_back(self):
        self.told.append("hold back")

    def resume_writing(self):
        self.told.append("go on")

    def disk_refused(self, command):
        self.told.append(f"refused {command}")


@contextmanager
def outbox():
    """One, its disk, what it said was lost, and a way to let its loop do all there is."""
    loop, disk, lost = asyncio.new_event_loop(), Disk(), []
    made = Outbox(disk, loop, lost.append)
    try:
        yield made, disk, lost, lambda: loop.run_until_complete(asyncio.sleep(0))
    finally:
        made.close()
        loop.close()


def test_a_line_that_is_gone_keeps_nobody_waiting():
    with outbox() as (made, _, _, turn):
        gone = [Line(OSError("not connected")), Line(RuntimeError("the handler is closed"))]
        held = [made.wrapped(line, Client()) for line in gone]
        good = Line()
        other = made.wrapped(good, Client())
        held[0].write(b"\x01\x00\x00\x01a")
        held[1].write(b"\x01\x00\x00\x01a")
        for one in held:
            one.write_eof()
        other.write(b"\x01\x00\x00\x01b")
        turn()
        assert good.sent == [b"\x01\x00\x00\x01b"]
        assert [line.aborted for line in gone] == [True, True]
        assert [one.held for one in held] == [0, 0]


def test_what_comes_after_its_end_is_left_to_others(monkeypatch):
    with outbox() as (made, disk, _, turn):
        monkeypatch.setattr(made, "at_once", lambda: False)
        line = Line()
        held = made.wrapped(line, Client())
        held.write(b"\x01\x00\x00\x01a")
        turn()
        disk.added = 2
        held.write(b"\x01\x00\x00\x01b")
        made.close()
        turn()
        turn()
        assert disk.kept == 1
        assert line.sent == [b"\x01\x00\x00\x01a"]
        assert disk.taken == [1], "nothing is taken that nobody writes"


def test_where_not_even_the_journal_can_be_read_nothing_is_told(monkeypatch):
    def unreadable(work, failed):
        raise OSError("EIO")

    with outbox() as (made, disk, _, turn):
        line, page, told = Line(), Line(), []
        disk.wrong = OSError("full")
        monkeypatch.setattr(disk, "failed", unreadable)
        made.wrapped(line, Client()).write(b"\x01\x00\x00\x01a")
        turn()
        made.tell(page, lambda: told.append("page"))
        turn()
        assert (line.sent, line.aborted) == ([], True)
        assert (told, page.aborted, disk.taken) == ([], True, [1])


def test_every_answer_that_waited_is_told_when_the_disk_is_full():
    with outbox() as (made, disk, lost, turn):
        line, disk.wrong = Line(), OSError("full")
        held = made.wrapped(line, Client())
        for command, packet in ((1, b"\x01\x00\x00\x01a"), (2, b"\x01\x00\x00\x01b"), (2, b"\x01\x00\x00\x02c")):
            held.client.command = command
            held.write(packet)
        held.write(b"\x01\x00\x00\x01d")  # the 257th packet of an answer, no answer of its own
        held.client.command = 3
        held.write(b"\x01\x00\x00\x07e")  # the first part of this one has left
        held.write_eof()
        turn()
        refused = frame(error_packet(FULL), 1)
        assert line.sent == [refused, refused, frame(error_packet(FULL), 7), "end"]
        assert held.client.told == ["refused 1", "refused 2", "refused 3"]
        assert lost == [FULL]


def test_a_client_with_much_waiting_is_held_back_until_it_has_left():
    with outbox() as (made, _, _, turn):
        clients = [Client() for _ in range(3)]
        lines = [Line(), Line(unsent_bytes=65), Line()]
        held = [made.wrapped(line, client) for line, client in zip(lines, clients, strict=True)]
        for one in held[:2]:
            one.write(bytes(HELD_BYTES_MAX))
            assert one.client.told == []
            one.write(b"x")
        held[2].write(bytes(HELD_BYTES_MAX))
        assert [client.told for client in clients] == [["hold back"], ["hold back"], []]
        turn()
        turn()
        assert [len(line.sent) for line in lines] == [2, 2, 1]
        # The second one's socket is full: it goes on when that says so.
        assert [client.told for client in clients] == [["hold back", "go on"], ["hold back"], []]


def test_a_checkpoint_is_written_in_a_thread_and_says_nothing_of_the_disk(monkeypatch):
    writers = []
    with outbox() as (made, disk, _, turn):
        monkeypatch.setattr("obsim.server.outbox.AT_ONCE_MAX_S", 60)
        monkeypatch.setattr(disk, "write", lambda _work: writers.append(threading.current_thread()))
        disk.long = {2, 3}
        held = made.wrapped(Line(), Client())
        for disk.added in range(1, 6):
            held.write(b"\x01\x00\x00\x01a")
            while disk.kept < disk.added:
                turn()
    main = threading.main_thread()
    assert [writer is main for writer in writers] == [True, False, False, True, True]


def test_a_slow_disk_is_written_to_in_a_thread_and_tried_again_now_and_then(monkeypatch):
    once, twice, tries = [False, False, True, False], [True, True], [True, True, False, True, True]
    slow, writers, clock_s = [*once, *once, *twice, *tries], [], [0.0]
    with outbox() as (made, disk, _, turn):

        def write(work):
            aside = threading.current_thread() is not threading.main_thread()
            writers.append("thread" if aside else "loop")
            clock_s[0] += 0.0 if aside else AT_ONCE_MAX_S * (1.1 if slow.pop(0) else 0.9)

        monkeypatch.setattr("obsim.server.outbox.perf_counter", lambda: clock_s[0])
        monkeypatch.setattr(disk, "write", write)
        held = made.wrapped(Line(), Client())
        for disk.added in range(1, 272):
            held.write(b"\x01\x00\x00\x01a")
            while disk.kept < disk.added:
                turn()
    assert [(who, len(list(run))) for who, run in groupby(writers)] == [
        ("loop", 10), ("thread", 32), ("loop", 1), ("thread", 64), ("loop", 1), ("thread", 128),
        ("loop", 3), ("thread", 32),
    ]  # fmt: skip

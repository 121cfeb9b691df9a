"""While a jump of the clock runs: who waits, who does not, and how it ends."""

import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from obsim.answers import Ok
from obsim.errors import error
from obsim.server import Limits
from obsim.server.gate import Gate, Turn
from tests.server.conftest import StartFake
from tests.server.fakes import FakeHost, FakePending
from tests.server.wire import BASIC, MULTI_STATEMENTS, Result, ServerSaid, Wire, bound

LONG = "WAIT 30"


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def begin(host: FakeHost, wire: Wire, text: str = LONG) -> FakePending:
    """Send a long statement and wait until it runs."""
    known = len(host.pendings)
    wire.command(3, text.encode())
    until(lambda: len(host.pendings) > known and host.pendings[-1].slices)
    return host.pendings[-1]


def test_a_long_statement_is_answered_when_it_is_over(start: StartFake) -> None:
    host, server = start()
    with Wire(server.port) as wire:
        wire.login()
        assert wire.query("WAIT 0.1").info == b"\x07arrived"
    assert len(host.pendings[0].slices) >= 3


def test_a_statement_that_one_slice_is_enough_for_is_answered_without_a_turn_of_the_loop() -> None:
    asked: list[object] = []
    loop = SimpleNamespace(call_soon=lambda *call: asked.append(call))
    gate = Gate(FakeHost(), cast(Any, loop), slice_s=60)
    told: list[object] = []
    gate.enter(Turn("owner", lambda: FakePending(0.002), lambda *end: told.append((gate.held, gate.running, *end))))
    gate.enter(Turn("other", Ok, lambda *end: told.append((gate.held, gate.running, *end))))
    assert told == [(False, None, Ok(info="arrived"), None), (False, None, Ok(), None)]
    assert asked == []


class Scheduled:
    """A loop that does nothing by itself: what it was asked for is called by the test."""

    def __init__(self) -> None:
        self.calls: list[tuple[Callable[..., object], tuple[object, ...]]] = []

    def call_soon(self, what: Callable[..., object], *arguments: object) -> None:
        self.calls.append((what, arguments))

    def call_later(self, _seconds: float, what: Callable[..., object], *arguments: object) -> None:
        self.calls.append((what, arguments))

    def turn(self) -> None:
        calls, self.calls = self.calls, []
        for what, arguments in calls:
            what(*arguments)


def refused() -> None:
    raise error("OB_NOT_SUPPORTED")


def test_whose_jump_is_turned_away_may_have_sent_others_behind_it() -> None:
    """A client that pipelines: its next statement comes while it is told of the refusal."""
    loop, told = Scheduled(), []
    gate = Gate(FakeHost(), cast(Any, loop), slice_s=0)

    def jump(owner: str, left: int) -> None:
        def done(_answer: object, _failure: object) -> None:
            told.append(owner)
            if left:
                jump(owner, left - 1)

        gate.enter(Turn(owner, refused, done, is_jump=lambda: True))

    asker = FakePending(60)
    gate.enter(Turn("asker", lambda: asker, lambda *_end: told.append("asker")))
    for owner in ("a", "b"):
        jump(owner, 2)
    assert told == []
    asker.waits = asker.holds_clock = True
    loop.turn()
    assert told == ["a", "b"] * 3
    loop.turn()
    asker.seconds = 0
    loop.turn()
    assert told == [*["a", "b"] * 3, "asker"]


def test_a_session_that_time_itself_ends_does_not_take_the_turn_of_another() -> None:
    """A tenant of its own that a recovery drops: its sessions end as the wall moves on."""
    loop, host, told = Scheduled(), FakeHost(), []
    gate = Gate(host, cast(Any, loop), slice_s=60)
    wall = FakePending(60)
    host.behind.append(wall)
    for owner in ("dropped", "other"):
        gate.enter(Turn(owner, Ok, lambda _answer, failure, owner=owner: told.append((owner, failure is None))))

    def settle() -> None:
        gate.withdraw("dropped", answer=True)

    host.settle = settle  # type: ignore[method-assign]
    wall.seconds = 0
    loop.turn()
    assert told == [("dropped", False), ("other", True)]


def test_many_clients_that_pipeline_are_turned_away_one_after_the_other() -> None:
    loop, told = Scheduled(), []
    gate = Gate(FakeHost(), cast(Any, loop), slice_s=0)

    def jump(number: int, left: int) -> None:
        again = (lambda *_end: jump(number, left - 1)) if left else (lambda *_end: told.append(number))
        gate.enter(Turn(number, refused, again, is_jump=lambda: True))

    asker = FakePending(60)
    gate.enter(Turn("asker", lambda: asker, lambda *_end: None))
    for number in range(400):
        jump(number, 1)
    asker.waits = asker.holds_clock = True
    loop.turn()
    assert told == list(range(400))


def test_a_jump_is_known_as_one_although_only_time_itself_held_it_up() -> None:
    loop, host, told = Scheduled(), FakeHost(), []
    gate = Gate(host, cast(Any, loop), slice_s=0)
    wall = FakePending(60)
    host.behind.append(wall)
    gate.enter(Turn("mover", refused, lambda *_end: told.append("mover"), is_jump=lambda: True))
    assert told == []
    wall.waits = wall.holds_clock = True
    loop.turn()
    assert told == ["mover"]


def test_slices_are_no_longer_than_asked(start: StartFake) -> None:
    host, server = start(limits=Limits(slice_s=0.005))
    with Wire(server.port) as wire:
        wire.login()
        wire.query("WAIT 0.1")
    slices = host.pendings[0].slices
    assert len(slices) >= 10  # so many slices of 5 ms make 100 ms of work


def test_ping_login_and_quit_are_served_meanwhile(start: StartFake) -> None:
    host, server = start()
    with Wire(server.port) as owner, Wire(server.port) as other:
        owner.login()
        other.login()
        pending = begin(host, owner)
        other.command(0x0E)
        assert other.answer().status == 2
        with Wire(server.port) as late:
            late.login("pw", "secret")
            late.command(0x09)
            assert late.receive() == b"Active threads not support"
            late.command(0x01)
            assert late.at_end()
        assert pending.seconds > 0
        pending.cancel()


def test_statements_wait_in_the_order_they_came(start: StartFake) -> None:
    host, server = start()
    with Wire(server.port) as owner, Wire(server.port) as second, Wire(server.port) as third:
        for wire in (owner, second, third):
            wire.login()
        number, _, _ = third.prepare("SELECT ?")
        pending = begin(host, owner)
        second.command(3, b"SELECT 2")
        until(lambda: server.call_held(1))
        third.execute(number, bound(7))
        until(lambda: server.call_held(2))
        owner.send_raw(b"\x09\x00\x00\x00\x03SELECT 3")  # pipelined behind its own statement
        assert [text for _, text in host.executed][-1] == LONG
        pending.seconds = 0
        assert owner.answer().info == b"\x07arrived"
        assert second.answer().rows == [(b"2",)]
        assert third.answer(binary=True).rows == [(b"\x00\x00\x017",)]
        owner.sequence = 1
        assert owner.answer().rows == [(b"3",)]
    texts = [text for _, text in host.executed]
    assert texts.index("SELECT 2") < texts.index("EXECUTE SELECT ?") < texts.index("SELECT 3")


def test_a_kept_answer_waits_too(start: StartFake) -> None:
    host, server = start()
    with Wire(server.port) as owner, Wire(server.port) as other:
        owner.login()
        other.login()
        other.query("SELECT jobs")
        pending = begin(host, owner)
        other.command(3, b"SELECT jobs")
        host.state.revisions["jobs"] = 41
        until(lambda: server.call_held(1))
        pending.seconds = 0
        assert other.answer().rows == [(b"41",)]


@pytest.mark.parametrize(
    "text", ["KILL QUERY {}", " /* now; */ kill query {}", "-- x\nKILL QUERY {}", "#\n/**/KILL\nQUERY {}"]
)
def test_kill_query_ends_the_statement_and_not_the_session(start: StartFake, text: str) -> None:
    host, server = start()
    with Wire(server.port) as owner, Wire(server.port) as killer:
        owner.login()
        killer.login()
        begin(host, owner)
        # The fake reads no comments; the server must see through them to let it pass.
        host.rewrite = lambda sent: f"KILL QUERY {owner.connection_id}" if "ill" in sent.lower() else sent
        assert killer.query(text.format(owner.connection_id)).status == 2
        with pytest.raises(ServerSaid) as caught:
            owner.answer()
        assert (caught.value.errno, caught.value.sqlstate) == (1317, "70100")
        assert owner.query("SELECT 1").rows == [(b"1",)]
    assert host.pendings[0].cancelled


@pytest.mark.parametrize("command", ["text", "COM_PROCESS_KILL"])
def test_kill_ends_the_session_with_its_statement(start: StartFake, command: str) -> None:
    host, server = start()
    with Wire(server.port) as owner, Wire(server.port) as killer:
        owner.login()
        killer.login()
        begin(host, owner)
        if command == "text":
            killer.query(f"KILL {owner.connection_id}")
        else:
            killer.command(0x0C, owner.connection_id.to_bytes(4, "little"))
            killer.answer()
        with pytest.raises(ServerSaid) as caught:
            owner.answer()
        assert caught.value.errno == 1317
        assert owner.at_end()
        until(lambda: len(host.sessions) == 1)
        assert killer.query("SELECT 1").rows == [(b"1",)]


def test_kill_reaches_a_statement_that_waits(start: StartFake) -> None:
    host, server = start()
    with Wire(server.port) as owner, Wire(server.port) as victim, Wire(server.port) as killer:
        for wire in (owner, victim, killer):
            wire.login()
        pending = begin(host, owner)
        victim.command(3, b"SELECT 2")
        until(lambda: server.call_held(1))
        killer.query(f"KILL QUERY {victim.connection_id}")
        with pytest.raises(ServerSaid) as caught:
            victim.answer()
        assert caught.value.errno == 1317
        pending.seconds = 0
        assert owner.answer().info == b"\x07arrived"
    assert "SELECT 2" not in [text for _, text in host.executed]


def test_a_session_may_kill_itself(port: int) -> None:
    with Wire(port) as wire:
        wire.login()
        assert wire.query(f"KILL {wire.connection_id}").status == 2
        assert wire.at_end()


def test_an_idle_session_is_killed_at_once(port: int) -> None:
    with Wire(port) as victim, Wire(port) as killer:
        victim.login()
        killer.login()
        killer.query(f"KILL {victim.connection_id}")
        assert victim.at_end()
        with pytest.raises(ServerSaid) as caught:
            killer.query("KILL 99999")
        assert caught.value.errno == 1094


def test_a_disconnect_cancels(start: StartFake) -> None:
    host, server = start()
    with Wire(server.port) as owner, Wire(server.port) as other:
        owner.login()
        other.login()
        pending = begin(host, owner)
        other.command(3, b"SELECT 2")
        owner.close()
        assert other.answer().rows == [(b"2",)]
        assert pending.cancelled
        assert len(host.sessions) == 1


def test_a_disconnect_of_who_waits_leaves_the_rest_alone(start: StartFake) -> None:
    host, server = start()
    with Wire(server.port) as owner, Wire(server.port) as other:
        owner.login()
        other.login()
        pending = begin(host, owner)
        other.command(3, b"SELECT 2")
        until(lambda: server.call_held(1))
        other.close()
        until(lambda: len(host.sessions) == 1)
        pending.seconds = 0
        assert owner.answer().info == b"\x07arrived"
    assert "SELECT 2" not in [text for _, text in host.executed]


def test_an_error_of_a_slice_is_the_answer(start: StartFake) -> None:
    host, server = start()
    with Wire(server.port) as owner:
        owner.login()
        pending = begin(host, owner)
        pending.seconds = "broken"  # type: ignore[assignment]
        with pytest.raises(ServerSaid) as caught:
            owner.answer()
        assert (caught.value.errno, caught.value.message) == (1105, "Unknown error")
        assert owner.query("SELECT 1").rows == [(b"1",)]


def test_the_wall_is_caught_up_with_before_a_statement(start: StartFake) -> None:
    host, server = start(limits=Limits(settle_s=0))
    with Wire(server.port) as wire, Wire(server.port) as other:
        wire.login()
        other.login()
        wire.query("SELECT jobs")
        journey = FakePending(0.05)
        host.behind.append(journey)
        wire.command(3, b"SELECT jobs")
        until(lambda: journey.slices)
        host.state.revisions["jobs"] = 5  # what the journey came by
        assert wire.answer().rows == [(b"5",)]
        # It is nobody's own: who notices it may leave, the others still need it.
        journey = FakePending(30)
        host.behind.append(journey)
        wire.command(3, b"SELECT 1")
        until(lambda: journey.slices)
        wire.close()
        until(lambda: len(host.sessions) == 1)
        assert not journey.cancelled
        journey.seconds = 0
        assert other.query("SELECT 1").rows == [(b"1",)]


def test_a_clock_that_cannot_follow_is_the_statement_s_error(start: StartFake) -> None:
    host, server = start(limits=Limits(settle_s=0))
    with Wire(server.port) as wire:
        wire.login()
        wire.query("SELECT 1")

        def broken() -> None:
            raise ServerSaid(1, "x", "y")

        host.settle = broken  # type: ignore[method-assign]
        for _ in range(2):  # a kept answer is none while the clock is broken
            with pytest.raises(ServerSaid) as caught:
                wire.query("SELECT 1")
            assert caught.value.errno == 1105


def test_the_statements_of_a_script_take_turns(start: StartFake) -> None:
    host, server = start()
    with Wire(server.port) as owner, Wire(server.port) as other:
        owner.login(capabilities=BASIC | MULTI_STATEMENTS)
        other.login()
        pending = begin(host, owner, "SELECT 1; WAIT 30; SELECT 3")
        first: Result = owner.answer()
        assert (first.rows, first.more) == ([(b"1",)], True)
        other.command(3, b"SELECT 2")
        until(lambda: server.call_held(1))
        pending.seconds = 0
        second = owner.answer()
        assert (second.info, second.more) == (b"\x07arrived", True)
        assert owner.answer().rows == [(b"3",)]
        assert other.answer().rows == [(b"2",)]


def test_many_waiting_statements_do_not_starve_a_login(start: StartFake) -> None:
    host, server = start()
    with Wire(server.port) as owner:
        owner.login()
        pending = begin(host, owner)
        crowd = [Wire(server.port) for _ in range(30)]
        for wire in crowd:
            wire.login()
            wire.command(3, b"SELECT 2")
        pending.seconds = 0
        threads = [threading.Thread(target=wire.answer) for wire in crowd]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
            assert not thread.is_alive()
        for wire in crowd:
            wire.close()

"""Kept answers: the same bytes as a fresh answer, and never a moment longer than they are true."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from obsim.server import Limits
from obsim.server.cache import AnswerCache
from tests.server.conftest import StartFake
from tests.server.fakes import FakeHost, fake_server
from tests.server.wire import BASIC, DEPRECATE_EOF, MULTI_STATEMENTS, Wire


def ran(host: FakeHost, text: str) -> int:
    return sum(sent == text for _, sent in host.executed)


def test_an_unchanged_poll_is_run_once(start: StartFake) -> None:
    host, server = start()
    with Wire(server.port) as wire:
        wire.login()
        assert [wire.query("SELECT jobs").rows for _ in range(5)] == [[(b"0",)]] * 5
        assert ran(host, "SELECT jobs") == 1
        wire.query("BUMP 1")
        assert [wire.query("SELECT jobs").rows for _ in range(5)] == [[(b"1",)]] * 5
        assert ran(host, "SELECT jobs") == 2


def test_volatile_answers_are_never_kept(start: StartFake) -> None:
    _, server = start()
    with Wire(server.port) as wire:
        wire.login()
        assert [wire.query("SELECT volatile").rows for _ in range(3)] == [[(b"1",)], [(b"2",)], [(b"3",)]]


def test_statements_without_rows_are_always_run(start: StartFake) -> None:
    host, server = start()
    with Wire(server.port) as wire:
        wire.login()
        for _ in range(3):
            wire.query("BUMP 1")
    assert host.state.revisions["jobs"] == 3


def test_answers_are_shared_only_between_like_sessions(start: StartFake) -> None:
    host, server = start()
    with Wire(server.port) as first, Wire(server.port) as like, Wire(server.port) as other, Wire(server.port) as form:
        first.login("root@mysql_tenant")
        like.login("root@mysql_tenant")
        other.login("root@sys")
        form.login("root@mysql_tenant", capabilities=BASIC | DEPRECATE_EOF)
        for wire in (first, like):
            assert wire.query("SELECT user").rows == [(b"root@mysql_tenant",)]
        assert ran(host, "SELECT user") == 1
        assert other.query("SELECT user").rows == [(b"root@sys",)]
        assert form.query("SELECT user").rows == [(b"root@mysql_tenant",)]
        assert form.query("SELECT user").ending[:3] == b"\xfe\x00\x00"
        assert ran(host, "SELECT user") == 3


def test_a_set_changes_whose_answers_count(start: StartFake) -> None:
    _, server = start()
    with Wire(server.port) as wire:
        wire.login()
        text = "SELECT é".encode()
        assert wire.query(text).rows == [("é".encode(),)]
        wire.query("SET NAMES latin1")
        assert wire.query(b"SELECT \xe9").rows == [(b"\xe9",)]
        assert wire.query(text).rows == [(text[7:],)]  # two characters now, kept apart from the one before
        wire.query("SET NAMES utf8mb4")
        assert wire.query(text).rows == [("é".encode(),)]


def test_after_an_error_the_next_statement_runs(start: StartFake) -> None:
    host, server = start()
    with Wire(server.port) as wire:
        wire.login()
        wire.query("SELECT 1")
        with pytest.raises(Exception, match="1064"):
            wire.query("NONSENSE")
        session = next(iter(host.sessions.values()))
        assert len(session.warnings) == 1
        wire.query("SELECT 1")
        assert session.warnings == []
        assert ran(host, "SELECT 1") == 2


def test_going_back_in_time_forgets_everything(start: StartFake) -> None:
    _, server = start()
    with Wire(server.port) as wire:
        wire.login()
        wire.query("BUMP")
        assert wire.query("SELECT jobs").rows == [(b"1",)]
        wire.query("BACK")
        wire.query("BUMP")  # the same revision as before
        assert len(server.listener.shared.cache) == 0
        assert wire.query("SELECT jobs").rows == [(b"1",)]


def test_scripts_are_not_kept_as_one(start: StartFake) -> None:
    host, server = start()
    with Wire(server.port) as wire:
        wire.login(capabilities=BASIC | MULTI_STATEMENTS)
        for _ in range(2):
            assert wire.query("SELECT 1; SELECT 2").more
            wire.answer()
    assert ran(host, "SELECT 1") == 2


def test_what_the_python_interface_changes_counts_at_once(start: StartFake) -> None:
    host, server = start()
    with Wire(server.port) as wire:
        wire.login()
        assert wire.query("SELECT jobs").rows == [(b"0",)]
        server.call(lambda: host.state.revisions.update(jobs=9))
        assert wire.query("SELECT jobs").rows == [(b"9",)]


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(
            st.integers(0, 2),
            st.sampled_from(
                [
                    "SELECT jobs",
                    "SELECT user",
                    "SELECT 1",
                    "BUMP",
                    "BACK",
                    "SET NAMES latin1",
                    "SET NAMES utf8mb4",
                    "SELECT volatile",
                ]
            ),
        ),
        max_size=40,
    )
)
def test_kept_and_fresh_answers_are_equal_bytes(history: list[tuple[int, str]]) -> None:
    """The same interleaved history against a server that keeps answers and one that cannot."""
    transcripts = []
    for limits in (Limits(), Limits(answers_max=0)):
        with fake_server(limits=limits) as server:
            wires = [Wire(server.port) for _ in range(3)]
            for place, wire in enumerate(wires):
                wire.login(("root", "root@mysql_tenant", "root")[place])
            transcript = []
            for place, text in history:
                answer = wires[place].query(text)
                transcript.append((answer.rows, answer.columns, answer.status, answer.ending))
            transcripts.append(transcript)
            for wire in wires:
                wire.close()
    assert transcripts[0] == transcripts[1]


# The cache by itself


def test_bounds_and_second_chance() -> None:
    cache = AnswerCache(Limits(answers_max=3, answers_bytes_max=1000, answer_bytes_max=500))
    view = cache.view("a")
    for name in (b"1", b"2", b"3"):
        cache.put(view, name, b"x", (), 0)
    view[b"1"].used = True
    cache.put(view, b"4", b"x", (), 0)
    assert sorted(view) == [b"1", b"3", b"4"]
    cache.put(view, b"5", b"y" * 501, (), 0)
    assert b"5" not in view
    cache.put(view, b"6", b"y" * 499, (), 0)
    cache.put(view, b"7", b"y" * 499, (), 0)
    assert len(cache) == 2
    assert cache.size_bytes == sum(len(name) + len(entry.packets) for name, entry in view.items()) == 1000
    cache.put(view, b"7", b"z", (), 4)
    assert (view[b"7"].packets, view[b"7"].revision, cache.size_bytes) == (b"z", 4, 502)
    cache.clear()
    assert (len(cache), dict(view), cache.size_bytes) == (0, {}, 0)


def test_a_view_lives_as_long_as_somebody_needs_it() -> None:
    cache = AnswerCache(Limits())
    view = cache.view(("root", "sys"))
    assert cache.view(("root", "sys")) is view
    cache.put(view, b"q", b"x", (), 0)
    del view
    assert list(cache.view(("root", "sys"))) == [b"q"]
    cache.clear()
    assert list(cache.view(("root", "sys"))) == []

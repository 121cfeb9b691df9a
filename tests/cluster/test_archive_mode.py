"""ARCHIVELOG, NOARCHIVELOG, DEFER and ENABLE: how the round follows (status-machines.md 5, engine.md 4.1)."""

SYS, T1 = 1, 1002
HALF_S = 500_000_000


def follow(state, tenant_id: int = T1) -> list[tuple[float, str]]:
    """(seconds from now, state of the round) until nothing moves."""
    start_ns, current = state.now_ns, state.tenants[tenant_id].archive
    seen = [(0.0, current.round.status.value)]
    while not state.idle():
        state.advance_to(state.next_event_ns)
        if current.round.status.value != seen[-1][1]:
            seen.append(((state.now_ns - start_ns) / 1e9, current.round.status.value))
    return seen


def test_off_and_on_again(state, run):
    assert run(state, T1, "ALTER SYSTEM NOARCHIVELOG") == ""
    archive = state.tenants[T1].archive
    assert follow(state) == [(0, "STOPPING"), (0.5, "STOP")]
    assert [r.round_id for r in archive.history] == [1]
    assert run(state, T1, "ALTER SYSTEM NOARCHIVELOG") == "9092 Already in NOARCHIVELOG mode"
    asked_ns = state.now_ns
    assert run(state, T1, "ALTER SYSTEM ARCHIVELOG") == ""
    assert follow(state) == [(0, "STOP"), (0.5, "PREPARE"), (1.0, "BEGINNING"), (1.5, "DOING")]
    assert (archive.round.round_id, archive.round.base_piece_id) == (2, 2)
    assert archive.round.start_scn == asked_ns + 2 * HALF_S


def test_on_while_it_is_still_stopping(state, run):
    run(state, T1, "ALTER SYSTEM NOARCHIVELOG")
    run(state, T1, "ALTER SYSTEM ARCHIVELOG")
    assert [status for _, status in follow(state)] == ["STOPPING", "STOP", "PREPARE", "BEGINNING", "DOING"]


def test_defer_keeps_the_round(state, run):
    archive = state.tenants[T1].archive
    start_scn = archive.round.start_scn
    run(state, T1, "ALTER SYSTEM SET log_archive_dest_state = 'DEFER'")
    assert follow(state) == [(0, "DOING"), (0.5, "SUSPENDING"), (1.0, "SUSPEND")]
    checkpoint = archive.round.checkpoint_at(state.now_ns)
    state.advance_to(state.now_ns + 10**10)
    assert archive.round.checkpoint_at(state.now_ns) == checkpoint
    run(state, T1, "ALTER SYSTEM SET log_archive_dest_state = 'enable'")
    assert follow(state) == [(0, "SUSPEND"), (0.5, "BEGINNING"), (1.0, "DOING")]
    assert (archive.round.round_id, archive.round.start_scn) == (1, start_scn)


def test_errors_from_sys(state, run):
    assert run(state, SYS, "ALTER SYSTEM NOARCHIVELOG TENANT = t2") == ""
    # The last tenant's outcome is the answer of NOARCHIVELOG, and each tenant that could be switched is.
    assert run(state, SYS, "ALTER SYSTEM NOARCHIVELOG TENANT = t1, t2") == "9092 Already in NOARCHIVELOG mode"
    assert not state.tenants[T1].archive.enabled
    assert run(state, T1, "ALTER SYSTEM ARCHIVELOG") == ""
    assert run(state, SYS, "ALTER SYSTEM NOARCHIVELOG TENANT = t2, t1") == ""
    # ARCHIVELOG drops every error.
    assert run(state, SYS, "ALTER SYSTEM ARCHIVELOG TENANT = t1") == ""
    assert run(state, SYS, "ALTER SYSTEM ARCHIVELOG TENANT = t1") == ""


def test_without_a_destination_no_round_appears(make_state, run):
    state = make_state(scenario="blank")
    assert run(state, T1, "ALTER SYSTEM ARCHIVELOG") == ""
    state.advance_to(state.now_ns + 10**10)
    assert state.tenants[T1].archive.round is None
    assert run(state, T1, "ALTER SYSTEM SET log_archive_dest = 'LOCATION=file:///a PIECE_SWITCH_INTERVAL=2d'") == ""
    state.advance_to(state.now_ns + 10**10)
    archive = state.tenants[T1].archive
    assert (archive.round.status, archive.round.round_id, archive.round.dest_id) == ("DOING", 1, 1001)
    assert archive.round.piece_switch_interval_us == 2 * 86_400 * 10**6


def test_checkpoint_follows_the_clock_in_steps_of_the_lag_target(state):
    current = state.tenants[T1].archive.round
    state.advance_to(state.now_ns + 121_700_000_000)
    assert current.checkpoint_at(state.now_ns) == state.start_ns + 120 * 10**9
    assert current.used_piece_id(state.now_ns) == 1
    state.advance_to(state.start_ns + 86_400 * 10**9)
    assert current.used_piece_id(state.now_ns) == 2


def test_a_change_of_the_destination_state_is_noted(state, run):
    before = state.revision(("archive",))
    run(state, T1, "ALTER SYSTEM SET log_archive_dest_state = 'DEFER'")
    assert state.revision(("archive",)) > before

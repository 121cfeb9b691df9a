"""What happens by itself in a scenario: statements that ran before its start, and workload after it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from heapq import heapify, heappop, heapreplace
from typing import cast

from obsim.cluster.agents import KEPT_ALONE, act, agent_of
from obsim.cluster.commands import every_command
from obsim.cluster.moments import IDLE_LIMIT_NS, still_running
from obsim.cluster.state import ClusterState
from obsim.control import PROCEDURES, Move, parse_interval
from obsim.errors import ScenarioError, ServerError, error
from obsim.ids import Nanoseconds, TenantId
from obsim.scenario.fault_texts import rule_of
from obsim.scenario.reading import ScenarioFile
from obsim.scenario.specs import HistorySpec, WorkloadSpec
from obsim.sql.reader import read_statement
from obsim.statements import BackupStatement, CallProcedure

__all__ = ["happen", "past_ns", "plan"]

_ALONE = frozenset({"reset", "schedule", "restore_snapshot", "snapshot", "dump", "advance_to", "run_until"})
"""Procedures that answer a session or begin anew: no part of what happens by itself."""


@dataclass(frozen=True, slots=True)
class Program:
    """Statements that run one after the other as in a session of a tenant's administrator."""

    tenant_id: TenantId
    statements: tuple[BackupStatement, ...]

    def run(self, state: ClusterState) -> None:
        """Run them now. Raises what the first one that fails raises."""
        who = agent_of(state.tenants[self.tenant_id])
        for statement in self.statements:
            if self.tenant_id not in state.tenants:
                raise error("OB_ERR_QUERY_INTERRUPTED")  # it has dropped the tenant it ran in
            if isinstance(statement, CallProcedure):
                outcome = PROCEDURES[statement.name].call(state, statement.arguments)
                if isinstance(outcome, Move):
                    _move(state, outcome)
            else:
                who = act(state, who, statement)


def _move(state: ClusterState, move: Move) -> None:
    """Raises 4012 where work does not end."""
    if move.target_ns is not None:
        state.advance_to(move.target_ns)
        return
    limit_ns = state.now_ns + IDLE_LIMIT_NS
    while not state.idle():
        next_ns = state.next_event_ns
        if next_ns is None or next_ns > limit_ns:
            raise still_running(state)
        state.advance_slice(next_ns, 1)
        state.outside.wait()


def _program(state: ClusterState, tenant_name: str, texts: Sequence[str], key: str) -> Program:
    """Raises ScenarioError for a tenant that is not there or a statement that cannot run by itself."""
    tenant = state.tenant_named(tenant_name)
    if tenant is None or tenant.kind == "META":
        names = ", ".join(t.name for t in state.tenants.values() if t.kind != "META")
        raise ScenarioError(f"{key}.tenant is '{tenant_name}': allowed are {names}")
    statements = []
    known = every_command()
    for at, text in enumerate(texts):
        where = f"{key}.run[{at}]"
        try:
            statement = read_statement(text, None, state.profile)
        except ServerError as refused:
            raise ScenarioError(f"{where}: {refused.message}") from None
        if isinstance(statement, CallProcedure):
            _check_call(state, statement, where)
        elif type(statement) not in known and type(statement) not in KEPT_ALONE:
            raise ScenarioError(f"{where} is '{text}': allowed are ALTER SYSTEM and the like, and CALL obsim.*")
        statements.append(cast(BackupStatement, statement))
    return Program(tenant.tenant_id, tuple(statements))


def _check_call(state: ClusterState, statement: CallProcedure, where: str) -> None:
    known = [name for name in PROCEDURES if name not in _ALONE]
    if statement.schema not in {"", "obsim"} or statement.name not in known:
        raise ScenarioError(f"{where} calls '{statement.name}': allowed are {', '.join(known)}")
    if statement.name == "fault":
        try:
            for text in statement.arguments:
                rule_of(state, str(text))
        except ServerError as refused:
            raise ScenarioError(f"{where}: {refused.message}") from None


# Before the start.


def past_ns(history: Sequence[HistorySpec]) -> int:
    """How long before the start the earliest of it happens."""
    return max((parse_interval(past.before) for past in history), default=0)


def happen(state: ClusterState, history: Sequence[HistorySpec], start_ns: int, file: ScenarioFile) -> None:
    """Let all of it happen in order of time, at one moment in order of the file; then it is `start_ns`."""
    due: list[tuple[int, int, int]] = []
    programs = []
    for at, past in enumerate(history):
        with file.at(f"history[{at}]"):
            programs.append(_program(state, past.tenant, past.run, f"history[{at}]"))
        due.append((start_ns - parse_interval(past.before), at, past.times))
    heapify(due)
    while due:
        at_ns, at, left = due[0]
        if left > 1:
            heapreplace(due, (at_ns + parse_interval(history[at].every), at, left - 1))
        else:
            heappop(due)
        with file.at(f"history[{at}].run"):
            state.advance_to(at_ns)
            programs[at].run(state)
            if state.now_ns > start_ns:
                raise ScenarioError(f"history[{at}].run is not over at the start of the scenario: begin it earlier")
    state.advance_to(start_ns)


# After it.


def plan(state: ClusterState, workload: Sequence[WorkloadSpec], file: ScenarioFile) -> None:
    """Order all of it, as future workload: it keeps no cluster busy."""
    for at, future in enumerate(workload):
        with file.at(f"workload[{at}]"):
            program = _program(state, future.tenant, future.run, f"workload[{at}]")
            moves = [s.name for s in program.statements if isinstance(s, CallProcedure) and s.name in _MOVES]
            if moves:
                raise ScenarioError(f"workload[{at}].run calls '{moves[0]}': workload cannot move the clock")
        every_ns = parse_interval(future.every) if future.every else 0
        first_ns = state.now_ns + (parse_interval(future.after) if future.after else every_ns)
        state.events.push(first_ns, partial(_due, state, program, every_ns), background=True)


_MOVES = frozenset({"advance", "run_until_idle"})


def _due(state: ClusterState, program: Program, every_ns: int, now_ns: Nanoseconds) -> None:
    if program.tenant_id not in state.tenants:
        return
    if every_ns:
        state.events.push(now_ns + every_ns, partial(_due, state, program, every_ns), background=True)
    try:
        program.run(state)
    except ServerError:
        return

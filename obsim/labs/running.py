"""A lab's server in the foreground, and the way of the other commands to it."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from obsim.errors import ServerError, UsageError
from obsim.labs.checking import Rows
from obsim.labs.loading import LoadedLab, check_name, load_lab
from obsim.labs.places import RunningLab, forget, read_place, remember, running_names, state_folder
from obsim.scenario.reading import names_file

if TYPE_CHECKING:
    from pymysql.connections import Connection
    from pymysql.cursors import Cursor

__all__ = ["HOST", "Learner", "find_lab", "start_lab"]

HOST = "127.0.0.1"
CONNECT_TIMEOUT_S = 10
READ_TIMEOUT_S = 120


@dataclass(frozen=True, slots=True)
class Learner:
    """A lab that runs, seen from another terminal."""

    lab: LoadedLab
    port: int
    place: RunningLab | None
    """What its file says, None where only the port was given."""
    folder: Path

    def ask(self, user: str, tenant: str, query: str) -> Rows:
        """The rows of a query, in a session of its own. Raises ServerError, UsageError when nobody listens."""
        with _connected(self.port, user, tenant) as connection, connection.cursor() as cursor, _refusals():
            cursor.execute(query)
            return cursor.fetchall()

    def reset(self) -> None:
        """Return the server to the beginning, and give the hints anew. Raises UsageError where it cannot."""
        try:
            self.ask("root", "sys", "CALL obsim.reset()")
        except ServerError as refused:
            raise UsageError(f"the lab cannot be reset: {refused}") from None
        if self.place is not None:
            remember(self.folder, msgspec.structs.replace(self.place, hints={}))

    def hints_given(self, step: str) -> int:
        """How many hints of a step were given."""
        return 0 if self.place is None else self.place.hints.get(step, 0)

    def note_hints(self, step: str, count: int) -> None:
        """Remember it."""
        if self.place is not None:
            remember(self.folder, msgspec.structs.replace(self.place, hints=self.place.hints | {step: count}))


@contextmanager
def _refusals() -> Iterator[None]:
    """What a driver raises, as obsim's own errors."""
    import pymysql  # noqa: PLC0415 - the server of a lab needs no driver

    try:
        yield
    except pymysql.err.MySQLError as failure:
        errno = failure.args[0] if failure.args and isinstance(failure.args[0], int) else 2013
        raise ServerError(errno, "HY000", str(failure.args[-1]) if failure.args else "") from None


@contextmanager
def _connected(port: int, user: str, tenant: str) -> "Iterator[Connection[Cursor]]":
    import pymysql  # noqa: PLC0415
    from pymysql.constants.CR import CR_CONN_HOST_ERROR  # noqa: PLC0415

    try:
        connection = pymysql.connect(
            host=HOST, port=port, user=f"{user}@{tenant}", connect_timeout=CONNECT_TIMEOUT_S,
            read_timeout=READ_TIMEOUT_S, ssl_disabled=True,
        )  # fmt: skip
    except pymysql.err.OperationalError as failure:
        if failure.args[0] == CR_CONN_HOST_ERROR:
            raise UsageError(f"no lab listens at {HOST}:{port}: start one with `obsim lab start`") from None
        raise ServerError(int(failure.args[0]), "HY000", str(failure.args[-1])) from None
    with closing(connection):
        yield connection


def _answers(port: int) -> bool:
    """Whether an obsim that can be asked listens at a port."""
    try:
        with _connected(port, "root", "sys") as connection, connection.cursor() as cursor, _refusals():
            return bool(cursor.execute("SELECT NOW FROM obsim.clock"))
    except (ServerError, UsageError):
        return False


def find_lab(name_or_file: str | None, port: int | None, environment: Mapping[str, str]) -> Learner:
    """The running lab that is meant: by name, by file, by port, or the only one.

    Raises UsageError when there is none, when there are several, and for a port without a name that no file has.
    """
    folder = state_folder(environment)
    if name_or_file is None:
        places = [place for name in running_names(folder) if (place := read_place(folder, name)) is not None]
        if port is not None:
            places = [place for place in places if place.port == port]
        elif len(places) > 1:
            places = [place for place in places if _answers(place.port)]
        if len(places) != 1:
            which = ", ".join(place.name for place in places)
            raise UsageError(f"say which lab: {which} run" if places else "no lab runs: start one, or say which it is")
        return _learner(places[0], folder, port)
    name = check_name(Path(name_or_file).stem if names_file(name_or_file) else name_or_file)
    place = read_place(folder, name)
    if place is not None and port in {None, place.port}:
        return _learner(place, folder, port)
    if port is None:
        raise UsageError(f"the lab {name} does not run: start it with `obsim lab start {name_or_file}`")
    return Learner(load_lab(name_or_file), port, None, folder)


def _learner(place: RunningLab, folder: Path, port: int | None) -> Learner:
    return Learner(load_lab(place.source or place.name), port or place.port, place, folder)


def start_lab(
    loaded: LoadedLab,
    *,
    port: int,
    language: str,
    environment: Mapping[str, str],
    on_ready: Callable[[int], None],
) -> None:
    """Serve a lab on the loopback interface until SIGTERM or SIGINT; `on_ready` gets the port.

    Raises UsageError when the lab runs already, or when it cannot listen.
    """
    from obsim.hosts import make_host  # noqa: PLC0415 - the other commands need no engine
    from obsim.server.listener import ListenOptions  # noqa: PLC0415
    from obsim.server.running import run  # noqa: PLC0415

    folder = state_folder(environment)
    known = read_place(folder, loaded.name)
    if known is not None and _answers(known.port):
        raise UsageError(f"the lab {loaded.name} runs already, at port {known.port}: end it there first")
    cluster = make_host(loaded.blueprint, default_clock="autojump")
    source, process_id = "" if loaded.built_in else str(loaded.path), os.getpid()

    def ready(_host: str, at_port: int) -> None:
        remember(folder, RunningLab(loaded.name, source, at_port, process_id, language))
        on_ready(at_port)

    try:
        run(cluster, ListenOptions(HOST, port), ready)
    finally:
        forget(folder, loaded.name, process_id)

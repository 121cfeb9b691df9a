"""One replay: records, a server, a verdict."""

from collections.abc import Sequence
from pathlib import Path

from obsim.server import Server
from tests.conformance.replay.player import play
from tests.conformance.replay.records import Record
from tests.conformance.replay.surface import Surface
from tests.conformance.replay.verdict import Verdict, read_exceptions, verdict

__all__ = ["FOLDER", "replay"]

FOLDER = Path(__file__).parents[3] / "fixtures" / "replay"


def replay(records: Sequence[Record], surface: Surface | None = None, *, version: str = "4.3.3") -> Verdict:
    """Play `records` to a server with the tenant sys alone and compare; `surface` says what is shared."""
    surface = surface or Surface.of_fixture(FOLDER / "surface.json")
    with Server(str(FOLDER / "single.toml"), clock="manual", version=version) as server:
        answers = play(server, records)
    shared = frozenset(record.number for record in records if surface.shares(record))
    return verdict(records, answers, shared, read_exceptions(FOLDER / "exceptions.tsv"))

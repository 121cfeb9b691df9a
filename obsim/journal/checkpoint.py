"""A cluster as a journal keeps it: a dump of it and of its snapshots, secrets by name."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from obsim.cluster import ClusterState
from obsim.errors import ScenarioError, ServerError
from obsim.journal.secrets import Secrets
from obsim.scenario.dumping import dump_of
from obsim.scenario.reading import ScenarioFile
from obsim.scenario.saved import cluster_of, read_saved

if TYPE_CHECKING:
    from obsim.cluster.copying import Mould
    from obsim.session import SessionHost

__all__ = ["Checkpoints"]


class Checkpoints:
    """Makes and reads them. What a snapshot looks like is worked out once."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._known: dict[str, tuple[Mould, str]] = {}

    def of(self, host: "SessionHost") -> dict[str, Any] | None:
        """The host's cluster as it is now; None while it cannot be written, or waits for something outside."""
        if host.state.outside.blocked:
            return None
        moulds = host.snapshot_moulds()
        self._known = {name: known for name, known in self._known.items() if moulds.get(name) is known[0]}
        try:
            for name, mould in moulds.items():
                if name not in self._known:
                    self._known[name] = mould, dump_of(mould.copy(), self._secrets)
            state = dump_of(host.state, self._secrets)
        except ServerError:
            return None
        return {"state": state, "snapshots": {name: text for name, (_, text) in self._known.items()}}

    def state(self, text: str) -> ClusterState:
        """A cluster of its dump. Raises ScenarioError, and SecretMissing."""
        file = ScenarioFile(Path("checkpoint"), text)
        try:
            data = tomllib.loads(text)
        except tomllib.TOMLDecodeError as wrong:
            raise ScenarioError(f"checkpoint: {wrong}") from None
        return cluster_of(read_saved(file, data), file, self._secrets.reveal)

    def read(self, body: Mapping[str, Any]) -> tuple[ClusterState, dict[str, ClusterState]]:
        """The cluster and its snapshots. Raises as `state`."""
        return self.state(body["state"]), {name: self.state(text) for name, text in body["snapshots"].items()}

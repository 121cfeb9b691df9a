"""A journal in memory: what a test did, to have it again when it fails."""

from dataclasses import dataclass, field, replace

from obsim.destination.outside import Performer
from obsim.errors import UsageError
from obsim.journal.export import export_lines
from obsim.journal.making import Making
from obsim.journal.record import moment_of_state
from obsim.journal.recorder import IN_MEMORY_MAX, ListSink, NotingPerformer, Recorder
from obsim.journal.replay import view_digests
from obsim.journal.secrets import Secrets
from obsim.scenario.building import Blueprint
from obsim.session import ControlAccess, SessionHost

__all__ = ["Recording", "recorded"]


@dataclass(slots=True)
class Recording:
    """What a host has been asked to do so far."""

    host: SessionHost
    making: Making
    sink: ListSink = field(default_factory=ListSink)
    secrets: Secrets = field(default_factory=Secrets)

    def text(self) -> str:
        """As lines that `obsim replay` takes. Raises UsageError where there were too many."""
        if not self.sink.whole:
            raise UsageError(f"more than {IN_MEMORY_MAX} inputs: only the first ones were recorded")
        background = self.making.background or self.host.state.outside.in_background
        making = replace(self.making, background=background).told(self.secrets)
        end = moment_of_state(self.host.state)
        return "".join(export_lines(making, self.sink.records, end, view_digests(self.host)))


def recorded(
    making: Making, performer: Performer | None, control: ControlAccess, blueprint: Blueprint
) -> tuple[SessionHost, Recording]:
    """A cluster, and what notes all it is asked to do. Raises ScenarioError."""
    noting = None if performer is None else NotingPerformer(performer)
    host = making.host(noting, making.mode(), control, None, blueprint)
    recording = Recording(host, making)
    recorder = Recorder(host, recording.sink, recording.secrets)
    host.recorder = recorder
    if noting is not None:
        noting.attach(recorder)
    return host, recording

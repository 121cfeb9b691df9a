"""A journal as lines of text: how the cluster was made, its records, and at the end what every view came to.

    {"obsim":"0.1.0","format":1,"making":{..}}
    {"number":1,"timeline":1,"at_ns":..,"event_count":..,"kind":"execute","body":{..},"answer":"ok 0","changes":..}
    {"end":{"timeline":1,"at_ns":..,"event_count":..},"views":{"oceanbase.CDB_OB_BACKUP_JOBS":"<digest>",..}}

Passwords and keys stand there by name.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import islice, takewhile
from pathlib import Path
from typing import Any

from msgspec import convert

from obsim._version import __version__
from obsim.cluster.moments import Astray, come_to
from obsim.destination.uri import BackupUri
from obsim.errors import UsageError
from obsim.journal.directory import DataDirectory
from obsim.journal.making import Making
from obsim.journal.record import OUTCOME, Moment, Record, moment_of_state
from obsim.journal.replay import Differs, Remembered, Replay, view_digests
from obsim.journal.secrets import Secrets, read_secrets
from obsim.journal.store import Store
from obsim.session import SessionHost

__all__ = ["EXPORT_FORMAT", "Export", "export_lines", "exported", "reaches_of", "read_export", "replayed"]

EXPORT_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Export:
    """What the lines say."""

    making: Mapping[str, Any]
    records: tuple[Record, ...]
    end: Moment
    views: Mapping[str, str]


def export_lines(
    making: Mapping[str, Any], records: Iterable[Record], end: Moment, views: Mapping[str, str]
) -> Iterator[str]:
    """The lines, each with its end."""
    yield json.dumps({"obsim": __version__, "format": EXPORT_FORMAT, "making": making}) + "\n"
    for record in records:
        yield record.line() + "\n"
    yield json.dumps({"end": asdict(end), "views": views}) + "\n"


def exported(directory: DataDirectory) -> Iterator[str]:
    """The lines of a data directory's journal, which a process may be using; its views are worked out by a replay.

    Raises UsageError for a directory that has none, StoreDamaged, and what `rebuilt` raises.
    """
    from obsim.journal.recovery import rebuilt  # noqa: PLC0415 - it makes exports itself

    if directory.fresh:
        raise UsageError(f"{directory.path} has no journal: name the directory that --data-dir had")
    store = Store(directory.journal, readonly=True)
    try:
        secrets = read_secrets(directory.secrets)
        making = Making.of(store.making, secrets)
        remembered = reaches_of(making)
        found = rebuilt(store, secrets, making, remembered, remembered, making.still_clock())
        records = islice(store.records(), found.last)  # whoever uses the journal may have added more meanwhile
        yield from export_lines(store.making, records, moment_of_state(found.host.state), view_digests(found.host))
    finally:
        store.close()


def read_export(lines: Iterable[str], name: str) -> Export:
    """Read them; `name` is what errors call it. Raises UsageError with the line that is wrong."""
    making: Mapping[str, Any] | None = None
    records: list[Record] = []
    for number, line in enumerate(lines, 1):
        try:
            told = json.loads(line)
            if making is None:
                making = _making(told)
            elif "end" in told:
                end = convert(asdict(Moment(**told["end"])), Moment)  # what people have edited may be of any type
                return Export(making, tuple(records), end, convert(told["views"], dict[str, str]))
            else:
                records.append(Record.of(told))
        except (ValueError, KeyError, TypeError, AttributeError) as wrong:
            raise UsageError(f"{name}:{number}: no line of a journal: {wrong}") from None
    raise UsageError(f"{name}: it has no end: a journal is cut off here")


def _making(told: Mapping[str, Any]) -> Mapping[str, Any]:
    if told.get("format") != EXPORT_FORMAT:
        raise ValueError(f"this obsim reads journals of format {EXPORT_FORMAT}")
    making: Mapping[str, Any] = told["making"]
    return making


def reaches_of(making: Making) -> Remembered | None:
    """Outcomes for a cluster that reached what is stated there, without reaching it; None where there was nothing."""
    root, endpoints = making.file_root, making.s3_endpoints
    if root is None and not endpoints:
        return None
    roots = [] if root is None else [Path(root).absolute().as_posix(), Path(root).resolve().as_posix()]

    def reaches(place: BackupUri) -> bool:
        return (place.scheme == "file" and root is not None) or (place.scheme == "s3" and bool(endpoints))

    def allows(place: BackupUri) -> bool:
        if place.scheme == "file":
            return any(f"{place.location}/".startswith(f"{start.rstrip('/')}/") for start in roots)
        return reaches(place)

    remembered = Remembered(reaches, allows)
    remembered.background = making.background
    return remembered


def replayed(export: Export, secrets: Secrets) -> SessionHost:
    """The cluster at the end of a journal, every record and view compared.

    Raises Differs with the record or view, SecretMissing, ScenarioError, UsageError for what is no journal.
    """
    try:
        making = Making.of(export.making, secrets)
    except ValueError as wrong:
        raise UsageError(str(wrong)) from None
    remembered = reaches_of(making)
    early = list(takewhile(lambda record: record.kind == OUTCOME, export.records))
    if remembered is not None:
        for record in early:  # the start needs them
            remembered.take(record)
    host = making.host(remembered, making.still_clock())
    Replay(host, secrets, remembered).run(export.records[len(early) :])
    try:
        come_to(host.state, export.end.at_ns, export.end.event_count)
    except Astray as astray:
        raise Differs(f"after the last record: {astray}") from None
    now = view_digests(host)
    differing = sorted(name for name in {*now, *export.views} if now.get(name) != export.views.get(name))
    if differing:
        raise Differs(f"after the last record these views differ: {', '.join(differing)}")
    return host


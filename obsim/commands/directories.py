"""`obsim inspect`, `record`, `replay` and `fsck`: what lies at real destinations and in data directories."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from obsim.commands.files import reading
from obsim.commands.options import S3Option
from obsim.errors import UsageError

__all__ = ["fsck", "inspect", "record", "replay"]


class InspectFormat(StrEnum):
    """Values of --format of `inspect`."""

    TSV = "tsv"
    JSON = "json"


def inspect(
    uris: Annotated[list[str], typer.Argument(help="Data and archive destinations of one tenant.", metavar="URI...")],
    s3_endpoint: S3Option = None,
    output: Annotated[InspectFormat, typer.Option("--format", help="How it is printed.")] = InspectFormat.TSV,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """List the sets, pieces and restorable moments at real destinations, and verify every file there.

    Exit code 1 when a file is damaged or missing; a set or piece that was never written to the end is no damage.
    """
    from obsim.inspection import inspect_destinations

    report = inspect_destinations(uris, s3_endpoint or ())
    text = report.as_json() if as_json or output is InspectFormat.JSON else report.as_tsv()
    typer.echo(text, nl=False)
    if report.damaged:
        raise typer.Exit(1)


def record(
    directory: Annotated[Path, typer.Argument(help="The --data-dir of a server; it may be running.", metavar="DIR")],
) -> None:
    """Print the journal of a data directory for `obsim replay`; passwords and keys stand there by name."""
    from obsim.journal.directory import DataDirectory
    from obsim.journal.export import exported
    from obsim.journal.replay import Differs
    from obsim.journal.store import StoreDamaged

    try:
        for line in exported(DataDirectory(directory)):
            typer.echo(line, nl=False)
    except (Differs, StoreDamaged) as wrong:
        raise UsageError(f"the journal of {directory} is damaged: {wrong}") from None


def fsck(
    directory: Annotated[Path, typer.Argument(help="The --data-dir of a server that does not run.", metavar="DIR")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of lines.")] = False,
) -> None:
    """Look through a data directory: files, sums, order and times, and whether every way to its end is the same.

    Exit code 1 when something is wrong.
    """
    from obsim.journal.directory import DataDirectory
    from obsim.journal.fsck import check_directory

    report = check_directory(DataDirectory(directory))
    typer.echo(report.as_json() if as_json else report.as_text(), nl=False)
    if not report.whole:
        raise typer.Exit(1)


def replay(
    file: Annotated[Path, typer.Argument(help="A journal, as `obsim record` and failed tests write it.")],
    secrets: Annotated[
        Path | None, typer.Option(help="Values of the passwords and keys that the journal names.", metavar="FILE")
    ] = None,
) -> None:
    """Let a journal act once more and compare every answer and, at the end, every view.

    Exit code 1 where something is other than it was: the record is printed.
    """
    from obsim.journal.export import read_export, replayed
    from obsim.journal.replay import Differs
    from obsim.journal.secrets import SecretMissing, Secrets, read_secrets

    with reading(file):
        export = read_export(file.read_text("utf-8").splitlines(), str(file))
    known = Secrets()
    if secrets is not None:
        with reading(secrets):
            known = read_secrets(secrets)
    try:
        replayed(export, known)
    except Differs as differs:
        at = "" if str(differs).startswith(("after", "before")) else "at "
        typer.echo(f"differs {at}{differs}")
        raise typer.Exit(1) from None
    except SecretMissing as missing:
        raise UsageError(str(missing)) from None
    typer.echo(f"equal: {len(export.records)} records, {len(export.views)} views")

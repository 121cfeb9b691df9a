"""Options that several commands share."""

from enum import StrEnum
from typing import Annotated

import typer

__all__ = [
    "VERSION_HELP", "BaseName", "BaseOption", "S3Option", "ScenarioOption", "SeedOption",
    "StrictOption", "VersionOption",
]


class BaseName(StrEnum):
    """Values of --incremental-base."""

    LAST_FULL = "last_full"
    PREVIOUS = "previous"


ScenarioOption = Annotated[str, typer.Option(help="A built-in scenario or a TOML file.", metavar="NAME|FILE")]
VERSION_HELP = "The OceanBase version to be: 4.0, 4.1, 4.2 and 4.3 with three or four parts"
VersionOption = Annotated[
    str | None, typer.Option(help=f"{VERSION_HELP}; by default the scenario's, else 4.2.1.", metavar="VERSION")
]
SeedOption = Annotated[int, typer.Option(help="Seed of every random choice.")]
BaseOption = Annotated[
    BaseName | None,
    typer.Option(help="The set an increment builds on; by default what the version's documentation says."),
]
StrictOption = Annotated[
    bool,
    typer.Option("--strict-incremental", help="Refuse an increment without a base (9040) instead of making it full."),
]
S3Option = Annotated[
    list[str] | None,
    typer.Option(help="Reach s3:// destinations at this endpoint, for real; may be given again.", metavar="URL"),
]

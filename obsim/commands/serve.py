"""`obsim serve`: a cluster over the MySQL protocol."""

import gc
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from obsim.commands.options import BaseOption, S3Option, ScenarioOption, SeedOption, StrictOption, VersionOption
from obsim.errors import UsageError

__all__ = ["serve"]


class ClockName(StrEnum):
    """Values of --clock."""

    WALL = "wall"
    MANUAL = "manual"
    AUTOJUMP = "autojump"
    STEP = "step"


class LogLevel(StrEnum):
    """Values of --log-level."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """Values of --log-format."""

    TEXT = "text"
    JSON = "json"


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 2881,
    socket: Annotated[Path | None, typer.Option(help="A unix socket to listen on as well.", metavar="PATH")] = None,
    scenario: ScenarioOption = "three-tenants",
    ob_version: VersionOption = None,
    seed: SeedOption = 0,
    clock: Annotated[
        ClockName | None,
        typer.Option(
            help="wall follows real time, manual moves when told, autojump also when a repeated query would get the "
            "same answer, step with every ALTER SYSTEM and view query; by default the scenario's, else wall."
        ),
    ] = None,
    speed: Annotated[float, typer.Option(help="Virtual seconds a real second (clock wall).")] = 1.0,
    step: Annotated[float, typer.Option(help="Seconds a step (clock step).")] = 1.0,
    autojump_after: Annotated[
        int | None, typer.Option(min=1, help="Repeats before a jump (clock autojump); 1 by default.")
    ] = None,
    start_time: Annotated[
        str | None, typer.Option(help="Where virtual time begins, e.g. 2024-01-01T00:00:00+08:00.")
    ] = None,
    incremental_base: BaseOption = None,
    strict_incremental: StrictOption = False,
    tls_cert: Annotated[Path | None, typer.Option(help="Certificate chain (PEM): offers TLS.", metavar="FILE")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Key of the certificate (PEM).", metavar="FILE")] = None,
    max_connections: Annotated[
        int, typer.Option(min=1, help="Connections at a time; one more is answered with 1040.")
    ] = 1000,
    control: Annotated[
        str | None,
        typer.Option(help="Password for CALL obsim.*, or 'off'; by default sys may call them.", metavar="PASSWORD|off"),
    ] = None,
    show_control: Annotated[
        bool, typer.Option("--show-control", help="List the schema obsim in SHOW DATABASES and information_schema.")
    ] = False,
    allow_empty_passwords: Annotated[
        bool,
        typer.Option("--allow-empty-passwords", help="Listen beyond loopback although an account has no password."),
    ] = False,
    max_connections_per_address: Annotated[
        int, typer.Option(min=1, help="Connections of one client address, logins under way included.")
    ] = 5000,
    http: Annotated[
        str | None,
        typer.Option(
            help="Answer GET /metrics, /ready and /health there too; 127.0.0.1 by default.", metavar="[HOST:]PORT"
        ),
    ] = None,
    log_level: Annotated[
        LogLevel, typer.Option(help="What is logged: info adds connections, debug every statement.")
    ] = LogLevel.WARNING,
    log_format: Annotated[LogFormat, typer.Option(help="key=value or JSON, an event a line.")] = LogFormat.TEXT,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="The same as --log-level info.")] = False,
    data_dir: Annotated[
        Path | None,
        typer.Option(help="Keep the cluster in this directory, and go on with the one that is there.", metavar="DIR"),
    ] = None,
    catch_up: Annotated[
        bool, typer.Option("--catch-up", help="Count the time since it was stopped (clock wall, --data-dir).")
    ] = False,
    file_root: Annotated[
        Path | None,
        typer.Option(help="Write file:// destinations below this directory, for real; else in memory.", metavar="DIR"),
    ] = None,
    s3_endpoint: S3Option = None,
) -> None:
    """Serve a cluster over the MySQL protocol until SIGTERM or SIGINT.

    Prints one line on standard output, `ready HOST PORT`, once it answers queries.
    """
    gc.disable()  # until it serves: looking through half-loaded modules for garbage takes a tenth of the start
    if catch_up and data_dir is None:
        raise UsageError("--catch-up goes with --data-dir: there is nothing to catch up with in memory")
    from obsim.hosts import make_host
    from obsim.kept import open_kept
    from obsim.server.limits import Limits
    from obsim.server.listener import ListenOptions
    from obsim.server.logs import log_statement, start_log
    from obsim.server.running import run

    level = LogLevel.INFO if verbose and log_level is LogLevel.WARNING else log_level
    start_log(sys.stderr, level, log_format)
    options: dict[str, Any] = {
        "scenario": scenario, "seed": seed, "version": ob_version, "clock": clock, "default_clock": ClockName.WALL,
        "speed": speed, "step_s": step, "autojump_after": autojump_after, "start_time": start_time,
        "incremental_base": incremental_base, "strict_incremental": strict_incremental, "control": control,
        "show_control": show_control, "file_root": file_root, "s3_endpoints": tuple(s3_endpoint or ()),
    }  # fmt: skip
    kept = None if data_dir is None else open_kept(data_dir, catch_up=catch_up, **options)
    cluster = make_host(**options) if kept is None else kept.host
    if kept is None:
        cluster.state.outside.reach_in_background()
    where = ListenOptions(
        host,
        port,
        unix_socket=str(socket) if socket else None,
        tls_cert=str(tls_cert) if tls_cert else None,
        tls_key=str(tls_key) if tls_key else None,
        allow_empty_passwords=allow_empty_passwords,
        http=http,
        limits=Limits(connections_max=max_connections, connections_per_address_max=max_connections_per_address),
    )
    if level is LogLevel.DEBUG:
        cluster.journal.on_record = log_statement
    try:
        run(cluster, where, lambda at_host, at_port: typer.echo(f"ready {at_host} {at_port}"))
    finally:
        if kept is not None:
            kept.keeper.close()

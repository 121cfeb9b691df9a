"""The command line: `obsim serve`, `sql`, `demo`, `lab`, `scenario`, `fault`, `record`, `replay`, `fsck` and more.

Only `ready HOST PORT` and results go to standard output; everything else goes to standard error. Exit codes: 0 done,
1 a statement or the procedure failed, 2 the command was used wrongly.
"""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from obsim._version import __version__
from obsim.errors import ScenarioError, UsageError

__all__ = ["app", "main"]

app = typer.Typer(
    help="A test double for OceanBase's backup world.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


class ClockName(StrEnum):
    """Values of --clock."""

    WALL = "wall"
    MANUAL = "manual"
    AUTOJUMP = "autojump"
    STEP = "step"


class BaseName(StrEnum):
    """Values of --incremental-base."""

    LAST_FULL = "last_full"
    PREVIOUS = "previous"


class Format(StrEnum):
    """Values of --format."""

    TSV = "tsv"
    JSON = "json"
    TABLE = "table"


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


class InspectFormat(StrEnum):
    """Values of --format of `inspect`."""

    TSV = "tsv"
    JSON = "json"


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


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        import apsw

        of = ", ".join(f"{name} {version(name)}" for name in ("sqlglot", "mysql-mimic"))
        typer.echo(f"obsim {__version__} ({of}, SQLite {apsw.sqlite_lib_version()})")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the versions and leave.")
    ] = False,
) -> None:
    """Options of every command."""


@app.command()
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
    from obsim.api import make_host, open_kept
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


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
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

    with _read(file):
        export = read_export(file.read_text("utf-8").splitlines(), str(file))
    known = Secrets()
    if secrets is not None:
        with _read(secrets):
            known = read_secrets(secrets)
    try:
        replayed(export, known)
    except Differs as differs:
        typer.echo(f"differs at {differs}")
        raise typer.Exit(1) from None
    except SecretMissing as missing:
        raise UsageError(str(missing)) from None
    typer.echo(f"equal: {len(export.records)} records, {len(export.views)} views")


@contextmanager
def _read(file: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, UnicodeDecodeError) as failure:
        raise UsageError(f"cannot read {file}: {getattr(failure, 'strerror', None) or failure}") from None


@app.command()
def demo(ob_version: Annotated[str, typer.Option(help=f"{VERSION_HELP}.")] = "4.2.1", seed: SeedOption = 0) -> None:
    """Run the whole incremental-backup procedure over real MySQL connections; exit 0 when it held."""
    from rich.console import Console

    from obsim.demo import DemoFailed, run_demo

    try:
        run_demo(Console(), ob_version=ob_version, seed=seed)
    except DemoFailed as failure:
        typer.echo(f"the procedure did not hold: {failure}", err=True)
        raise typer.Exit(1) from None


@app.command()
def sql(
    statement: Annotated[
        str | None, typer.Argument(help="Statements parted by ';'; '-' or nothing reads standard input.")
    ] = None,
    file: Annotated[Path | None, typer.Option("--file", "-f", help="A script instead.", metavar="FILE")] = None,
    tenant: Annotated[str, typer.Option(help="Tenant to log in to.")] = "sys",
    user: Annotated[str | None, typer.Option(help="User; root, or SYS in an Oracle-mode tenant.")] = None,
    host: Annotated[str | None, typer.Option(help="Ask a running server instead of a fresh cluster.")] = None,
    port: Annotated[int, typer.Option(help="Port of the running server.")] = 2881,
    password: Annotated[
        str, typer.Option(envvar="OBSIM_PASSWORD", help="Password for the running server.", show_default=False)
    ] = "",
    trace: Annotated[
        Path | None,
        typer.Option(help="Write who ran when on the schedulers, for Perfetto (fresh cluster).", metavar="FILE"),
    ] = None,
    output: Annotated[Format, typer.Option("--format", help="How rows are printed.")] = Format.TSV,
    scenario: ScenarioOption = "three-tenants",
    ob_version: VersionOption = None,
    seed: SeedOption = 0,
    incremental_base: BaseOption = None,
    strict_incremental: StrictOption = False,
) -> None:
    """Run statements against a fresh cluster, or with --host against a running one.

    The clock of a fresh cluster stands still between statements: CALL obsim.run_until_idle() lets jobs end. Stops at
    the first error with exit code 1.
    """
    from obsim.shell import local_session, remote_session, run_script

    if trace is not None and host is not None:
        raise UsageError("--trace is of a fresh cluster: leave --host out")
    if file is not None and statement is not None:
        raise UsageError("give either a statement or --file, not both")
    text = file.read_text("utf-8") if file else sys.stdin.read() if statement in {None, "-"} else statement
    if host is None:
        execute = local_session(
            tenant,
            user,
            trace,
            scenario=scenario,
            version=ob_version,
            seed=seed,
            incremental_base=incremental_base,
            strict_incremental=strict_incremental,
        )
    else:
        execute = remote_session(host, port, user, tenant, password)
    if not run_script(text or "", execute, output):
        raise typer.Exit(1)


@app.command()
def support(
    clients: Annotated[
        Path | None,
        typer.Option(help="Clients to list too: name, language, version and TLS, tab-separated.", metavar="FILE"),
    ] = None,
    limits: Annotated[bool, typer.Option("--limits", help="Print the limits of everything instead.")] = False,
) -> None:
    """Print what is supported in which version, as Markdown: statements, views, parameters, functions."""
    if limits:
        from obsim.support.limits import limits_page

        typer.echo(limits_page(), nl=False)
        return
    from obsim.support.page import page, read_clients

    typer.echo(page(read_clients(clients.read_text("utf-8")) if clients else ()), nl=False)


scenarios = typer.Typer(help="What clusters start from: built-in scenarios and your own.", no_args_is_help=True)
app.add_typer(scenarios, name="scenario")
ScenarioArgument = Annotated[str, typer.Argument(help="A built-in scenario or a TOML file.", metavar="NAME|FILE")]


@scenarios.command("list")
def scenario_list() -> None:
    """Print every built-in scenario and what it is for."""
    from obsim.scenario import load_scenario, scenario_names

    for name in scenario_names():
        typer.echo(f"{name}\t{load_scenario(name).about}")


@scenarios.command("check")
def scenario_check(name: ScenarioArgument, ob_version: VersionOption = None) -> None:
    """Read a scenario and start a cluster of it; exit code 2, file, line, key and rule when something is wrong."""
    from obsim.api import make_host

    make_host(name, version=ob_version)
    typer.echo(f"{name}: good")


@scenarios.command("show")
def scenario_show(name: ScenarioArgument, ob_version: VersionOption = None) -> None:
    """Print what a cluster of it has at its start: time, servers, tenants, tables, sets, rounds, faults."""
    from obsim.api import make_host
    from obsim.scenario import Blueprint
    from obsim.scenario.summary import summary

    for line in summary(Blueprint.of(name).scenario, make_host(name, version=ob_version).state):
        typer.echo(line)


@scenarios.command("dump")
def scenario_dump(
    name: ScenarioArgument = "three-tenants",
    ob_version: VersionOption = None,
    seed: SeedOption = 0,
    host: Annotated[str | None, typer.Option(help="Ask a running server instead: its state now.")] = None,
    port: Annotated[int, typer.Option(help="Port of the running server.")] = 2881,
    password: Annotated[
        str, typer.Option(envvar="OBSIM_PASSWORD", help="Password for the running server.", show_default=False)
    ] = "",
) -> None:
    """Print the whole state of a cluster as a scenario: of a running server, or of what NAME begins with."""
    from obsim.shell import local_session, remote_session

    if host is None:
        execute = local_session("sys", None, scenario=name, version=ob_version, seed=seed)
    else:
        execute = remote_session(host, port, None, "sys", password)
    answer = execute("CALL obsim.dump()")
    assert answer is not None, "the dump is a row"
    typer.echo(answer[1][0][0], nl=False)


faults = typer.Typer(help="What can go wrong on purpose.", no_args_is_help=True)
app.add_typer(faults, name="fault")


@faults.command("list")
def fault_list() -> None:
    """Print ready rules for CALL obsim.fault('...'), cluster.fault("...") and `faults` of a scenario."""
    from obsim.fault_plans import PLANS

    for name, (rule, effect) in PLANS.items():
        typer.echo(f"{name}\t{rule}\t{effect}")


@app.command(add_help_option=False, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def lab(context: typer.Context) -> None:
    """Exercises of 10 to 20 minutes, in English and Chinese: list, start, check, hint, reset."""
    from obsim.labs.commands import labs

    labs(args=context.args, prog_name="obsim lab")  # a command line of its own: no start of a server waits for it


mutants = typer.Typer(help="Wrong engines to order, and which check notices which.", no_args_is_help=True)
app.add_typer(mutants, name="mutants")
JsonOption = Annotated[bool, typer.Option("--json", help="An object a line instead of tab-separated fields.")]


@mutants.command("list")
def mutants_list(as_json: JsonOption = False) -> None:
    """Print every mutant: its name, the check that must notice it, what is wrong with it."""
    from obsim.testing.commands import list_mutants

    list_mutants(typer.echo, as_json=as_json)


@mutants.command("run")
def mutants_run(
    names: Annotated[list[str] | None, typer.Argument(help="Mutants; without any all of them.", metavar="NAME")] = None,
    as_json: JsonOption = False,
) -> None:
    """Plant mutants and print what noticed each of them.

    Exit code 1 when one survives, when the check that must notice it does not, or (all run) when a check notices none.
    """
    from obsim.testing.commands import run_mutants

    if not run_mutants(names or (), typer.echo, as_json=as_json):
        raise typer.Exit(1)


@app.command()
def campaign(
    steps: Annotated[int | None, typer.Option(min=1, help="Stop after so many steps of the state machine.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Stop after so many minutes.")] = None,
    seeds: Annotated[int | None, typer.Option(min=1, help="Stop after so many seeds of each version and rule.")] = None,
    first_seed: Annotated[int, typer.Option(help="The seed to begin with.")] = 0,
    ob_version: Annotated[
        list[str] | None, typer.Option(help="Versions to go through; by default every profile.")
    ] = None,
    incremental_base: Annotated[
        list[BaseName] | None, typer.Option(help="Base rules to go through; by default both.")
    ] = None,
    workers: Annotated[int, typer.Option(min=0, help="Processes; 0 takes one for each CPU.")] = 0,
    scheduler: Annotated[
        str, typer.Option(help="A Dask cluster instead of processes here, e.g. tcp://10.0.0.1:8786.", metavar="ADDRESS")
    ] = "",
    state_file: Annotated[
        Path | None, typer.Option(help="Keeps what is done; a later run goes on from there.", metavar="FILE")
    ] = None,
    failures: Annotated[Path, typer.Option(help="Where a script of each failure goes.", metavar="DIR")] = Path(
        "campaign-failures"
    ),
    runs: Annotated[int, typer.Option(min=1, help="Runs of a seed.")] = 5,
    run_steps: Annotated[int, typer.Option(min=1, help="Steps of a run.")] = 100,
    mutant: Annotated[str, typer.Option(help="A mutant to plant: the campaign should fail.")] = "",
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit code 1 also when a rare situation never came about.")
    ] = False,
) -> None:
    """Run the state machine of obsim.testing on many seeds, on all versions and base rules.

    Prints a line for each failure, with the command that repeats it and a script for `obsim sql`, and at the end how
    often each rare situation came about. Exit code 0 when everything held, 1 when not.
    """
    from obsim.testing.campaign import Plan
    from obsim.testing.commands import run_campaign
    from obsim.versions import PROFILES, IncrementalBase

    if steps is None and minutes is None and seeds is None:
        raise UsageError("say when to stop: --steps, --minutes or --seeds")
    plan = Plan(
        versions=tuple(ob_version or PROFILES),
        bases=tuple(base.value for base in incremental_base or IncrementalBase),
        first_seed=first_seed,
        seeds_max=seeds,
        steps_max=steps,
        seconds_max=minutes * 60 if minutes is not None else None,
        mutant=mutant,
        run_count=runs,
        run_steps=run_steps,
    )
    held = run_campaign(
        plan, typer.echo, workers=workers, scheduler=scheduler, state_file=state_file, failures=failures, strict=strict
    )
    if not held:
        raise typer.Exit(1)


def main() -> None:
    """Entry point: errors of use are one line on standard error and exit code 2."""
    try:
        app()
    except (UsageError, ScenarioError) as wrong:
        typer.echo(f"obsim: {wrong}", err=True)
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()

"""`obsim lab`: exercises with any MySQL client against a server of their own.

Results go to standard output. Exit codes: 0 done or everything holds, 1 something is missing, 2 used wrongly.
"""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from obsim.labs.checking import StepResult
    from obsim.labs.lab import Lab
    from obsim.labs.running import Learner

__all__ = ["labs"]

labs = typer.Typer(
    help="Exercises of 10 to 20 minutes, in English and Chinese.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


class Language(StrEnum):
    """Values of --lang."""

    EN = "en"
    ZH = "zh"


LangOption = Annotated[Language | None, typer.Option(help="Language; by default that of LANG.")]
LabArgument = Annotated[str, typer.Argument(help="A built-in lab or a TOML file.", metavar="NAME|FILE")]
RunningArgument = Annotated[
    str | None, typer.Argument(help="Which lab, where several run or --port is given.", metavar="NAME|FILE")
]
PortOption = Annotated[
    int | None, typer.Option(min=1, max=65535, help="Where it listens, if not where the last start of it said.")
]


def _environment_language() -> str:
    import os

    from obsim.labs.words import language_of

    return language_of(os.environ)


def _find(name: str | None, port: int | None, lang: Language | None) -> "tuple[Learner, str]":
    """The lab that is meant, and in which language to talk about it: as asked, as at its start, as LANG says."""
    import os

    from obsim.labs.running import find_lab

    found = find_lab(name, port, os.environ)
    if lang is not None:
        return found, lang.value
    return found, found.place.language if found.place else _environment_language()


def _say_step(lab: "Lab", number: int, language: str) -> None:
    from obsim.labs.words import WORDS

    step = lab.step[number]
    title = step.title.of(language)
    typer.echo(WORDS[language]["step"].format(number=number + 1, count=len(lab.step), title=title))
    typer.echo(f"\n{step.task.of(language)}\n")


@labs.command("list")
def lab_list(lang: LangOption = None) -> None:
    """Print every built-in lab: name, how long it takes, what one learns."""
    from obsim.labs.loading import lab_names, load_lab
    from obsim.labs.words import WORDS

    language = lang.value if lang else _environment_language()
    for name in lab_names():
        lab = load_lab(name).lab
        minutes = WORDS[language]["minutes"].format(minutes=lab.minutes)
        typer.echo(f"{name}\t{minutes}\t{lab.about.of(language)}")


@labs.command("start")
def lab_start(
    name: LabArgument,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 2881,
    lang: LangOption = None,
) -> None:
    """Serve a lab until SIGTERM or Ctrl-C: prints how to connect and the first step.

    The first line of standard output is `ready HOST PORT`, as of `obsim serve`.
    """
    import os

    from obsim.labs.loading import load_lab
    from obsim.labs.running import HOST, start_lab
    from obsim.labs.words import WORDS

    language = lang.value if lang else _environment_language()
    loaded = load_lab(name)
    words = WORDS[language]

    def ready(at_port: int) -> None:
        typer.echo(f"ready {HOST} {at_port}\n")
        typer.echo(f"{loaded.lab.title.of(language)}\n\n{loaded.lab.intro.of(language)}\n")
        typer.echo(f"{words['connect']}\n\n    mysql -h {HOST} -P {at_port} -u root@sys -A oceanbase\n")
        typer.echo(f"{words['time']}\n\n{words['commands'].format(name=loaded.name)}\n")
        _say_step(loaded.lab, 0, language)

    start_lab(loaded, port=port, language=language, environment=os.environ, on_ready=ready)


@labs.command("check")
def lab_check(
    name: RunningArgument = None,
    port: PortOption = None,
    lang: LangOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One object with all steps, for scripts.")] = False,
) -> None:
    """Look at the state over SQL: what holds, what is missing and why it matters. Exit code 0 when all holds."""
    from obsim.labs.checking import check_lab, first_missing

    found, language = _find(name, port, lang)
    results = check_lab(found.lab.lab, found.ask)
    number = first_missing(results)
    if as_json:
        import json

        steps = [_step_object(result, language) for result in results]
        facts = {"lab": found.lab.name, "holds": number == len(results), "steps": steps}
        typer.echo(json.dumps(facts, ensure_ascii=False, indent=2))
    else:
        _say_results(found.lab.lab, results, number, language)
    if number < len(results):
        raise typer.Exit(1)


def _step_object(result: "StepResult", language: str) -> dict[str, object]:
    checks = [
        {
            "holds": one.holds,
            "text": (one.check.holds if one.holds else one.check.missing).of(language),
            "found": one.error or one.found(language),
            "expected": one.expected(language),
            "why": one.check.why.of(language),
        }
        for one in result.checks
    ]
    step = result.step
    return {"step": step.name, "title": step.title.of(language), "holds": result.holds, "checks": checks}


def _say_results(lab: "Lab", results: "list[StepResult]", number: int, language: str) -> None:
    """All steps that are done, and the first that is not, with its task: what comes later is not given away."""
    from obsim.labs.words import WORDS

    words = WORDS[language]
    for at, result in enumerate(results[: number + 1]):
        head = words["done" if result.holds else "step"]
        typer.echo(head.format(number=at + 1, count=len(results), title=result.step.title.of(language)))
        for one in result.checks:
            if one.holds:
                typer.echo(f"  [{words['holds']}] {one.check.holds.of(language)}")
                continue
            typer.echo(f"  [{words['missing']}] {one.check.missing.of(language)}")
            answer = words["found"].format(found=one.found(language), expected=one.expected(language))
            typer.echo(f"      {words['failed'].format(error=one.error) if one.error else answer}")
            lines = words["why"].format(why=one.check.why.of(language)).splitlines()
            typer.echo("".join(f"      {line.strip()}\n" for line in lines), nl=False)
    if number == len(results):
        typer.echo(f"\n{words['all']}\n\n{lab.outro.of(language)}")
    else:
        typer.echo(f"\n{results[number].step.task.of(language)}")


@labs.command("hint")
def lab_hint(
    name: RunningArgument = None,
    port: PortOption = None,
    lang: LangOption = None,
    all_hints: Annotated[bool, typer.Option("--all", help="All hints of the step, the solution included.")] = False,
) -> None:
    """Print a hint for the first step that is not done; the next call prints one more."""
    from obsim.labs.checking import current_step
    from obsim.labs.words import WORDS

    found, language = _find(name, port, lang)
    lab, words = found.lab.lab, WORDS[language]
    number = current_step(lab, found.ask)
    if number == len(lab.step):
        typer.echo(words["all"])
        return
    step = lab.step[number]
    title = step.title.of(language)
    typer.echo(words["step"].format(number=number + 1, count=len(lab.step), title=title))
    count = len(step.hint)
    last = count if all_hints else min(found.hints_given(step.name) + 1, count)
    for at in range(0 if all_hints else last - 1, last):
        typer.echo(f"\n{words['hint'].format(number=at + 1, count=count)}\n{step.hint[at].of(language)}")
    if last == count:
        typer.echo(f"\n{words['last']}")
    found.note_hints(step.name, last)


@labs.command("reset")
def lab_reset(name: RunningArgument = None, port: PortOption = None, lang: LangOption = None) -> None:
    """Return the lab's server to the beginning; connections stay open."""
    from obsim.labs.words import WORDS

    found, language = _find(name, port, lang)
    found.reset()
    typer.echo(f"{WORDS[language]['again']}\n")
    _say_step(found.lab.lab, 0, language)

"""Finding lab files and reading them strictly, as scenarios are: whatever is wrong is `FILE:LINE: key: rule`."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from re import compile as re_compile

from obsim.errors import ScenarioError, UsageError
from obsim.labs.lab import Check, Lab, Step, Text
from obsim.scenario import Blueprint
from obsim.scenario.reading import ScenarioFile, names_file, read_file, read_scenario, read_struct, read_toml

__all__ = ["LoadedLab", "check_name", "lab_names", "load_lab"]

_NAME = re_compile(r"[a-z0-9][a-z0-9-]{0,63}")
_READS = ("SELECT", "SHOW")
_MINUTES_MAX = 240
_STEPS_MAX = 50
_TEXTS = {Lab: ("title", "about", "intro", "outro"), Step: ("title", "task"), Check: ("holds", "missing", "why")}


@dataclass(frozen=True, slots=True)
class LoadedLab:
    """A lab that has been read and checked, and what its server starts from."""

    name: str
    path: Path
    built_in: bool
    lab: Lab
    blueprint: Blueprint


def _folder() -> Path:
    package = Path(__file__).parent.parent
    packed = package / "_labs"
    return packed if packed.is_dir() else package.parent / "fixtures" / "labs"


def lab_names() -> list[str]:
    """The built-in labs, in the order in which they are best done."""
    labs = [(read_toml(read_file(path)).get("order", 0), path.stem) for path in _folder().glob("*.toml")]
    return [name for _, name in sorted(labs)]


def check_name(name: str) -> str:
    """The name itself. Raises UsageError for one that could be a path, or that no lab can have."""
    if _NAME.fullmatch(name) is None:
        raise UsageError(f"'{name}' is no name of a lab: it has small letters, digits and -, 64 at the most")
    return name


def load_lab(name_or_file: str) -> LoadedLab:
    """A built-in lab by name, or one from a file, as `names_file` tells them apart.

    Raises UsageError for one that is not there, ScenarioError with file, line, key and rule for one that is wrong.
    """
    is_file = names_file(name_or_file)
    path = Path(name_or_file) if is_file else _folder() / f"{check_name(name_or_file)}.toml"
    if not path.is_file():
        raise UsageError(f"no lab '{name_or_file}': give a file or one of {', '.join(lab_names())}")
    name = check_name(path.stem)
    file = read_file(path)
    data = read_toml(file)
    lab = read_struct(file, data, Lab)
    with file.at("step"):
        _check(lab)
    return LoadedLab(name, path.resolve(), not is_file, lab, _blueprint(file, lab))


def _blueprint(file: ScenarioFile, lab: Lab) -> Blueprint:
    if isinstance(lab.scenario, dict):
        inside = replace(file, under=("scenario",))
        return Blueprint(inside, read_scenario(inside, lab.scenario))
    if "/" in lab.scenario:
        raise file.wrong(f"scenario is '{lab.scenario}': a built-in one, or a file in the folder of the lab")
    with file.at("scenario"):
        own = lab.scenario.endswith(".toml")
        return Blueprint.of(str(file.path.parent / lab.scenario) if own else lab.scenario)


# Rules beyond types. Each error begins with the key that is wrong.


def _check(lab: Lab) -> None:
    if not 1 <= lab.minutes <= _MINUTES_MAX:
        raise ScenarioError(f"minutes is {lab.minutes}: allowed are 1 to {_MINUTES_MAX}")
    if not 1 <= len(lab.step) <= _STEPS_MAX:
        raise ScenarioError(f"step is there {len(lab.step)} times: a lab has 1 to {_STEPS_MAX} steps")
    for where, thing in _things(lab):
        for key in _TEXTS[type(thing)]:
            _check_text(f"{where}{key}", getattr(thing, key))
    names = [step.name for step in lab.step]
    for at, step in enumerate(lab.step):
        where = f"step[{at}]"
        if _NAME.fullmatch(step.name) is None or names.count(step.name) > 1:
            raise ScenarioError(f"{where}.name is '{step.name}': small letters, digits and -, and not given twice")
        if not step.check:
            raise ScenarioError(f"{where}.check is missing: a step has one check or more")
        if not step.hint:
            raise ScenarioError(f"{where}.hint is missing: a step has one hint or more")
        for number, hint in enumerate(step.hint):
            _check_text(f"{where}.hint[{number}]", hint)
        for number, check in enumerate(step.check):
            _check_check(check, f"{where}.check[{number}]")


def _things(lab: Lab) -> Iterator[tuple[str, Lab | Step | Check]]:
    yield "", lab
    for at, step in enumerate(lab.step):
        yield f"step[{at}].", step
        for number, check in enumerate(step.check):
            yield f"step[{at}].check[{number}].", check


def _check_text(key: str, text: Text) -> None:
    for language in text.__struct_fields__:
        if not text.of(language):
            raise ScenarioError(f"{key}.{language} is empty: say it in every language")


def _check_check(check: Check, where: str) -> None:
    conditions = (check.rows, check.value, check.one_of, check.at_least if check.at_most is None else check.at_most)
    if sum(condition is not None for condition in conditions) != 1:
        raise ScenarioError(f"{where} has no clear condition: give one of rows, value, one_of, or at_least and at_most")
    if not check.query.lstrip().upper().startswith(_READS):
        raise ScenarioError(f"{where}.query is '{check.query.strip()[:40]}': a check reads, by SELECT or SHOW")

"""Where running labs listen: a small file of each in the user's state directory, for the other terminals.

The directory is the user's alone (0700), the files too (0600). A file is read only if it is a plain file of that user,
and what it says is checked like any other input.
"""

import os
import stat
from collections.abc import Mapping
from pathlib import Path

import msgspec

from obsim.errors import UsageError
from obsim.labs.lab import LANGUAGES
from obsim.labs.loading import check_name

__all__ = ["RunningLab", "forget", "read_place", "remember", "running_names", "state_folder"]

_SIZE_MAX_BYTES = 64 << 10
_PORT_MAX = 65_535


class RunningLab(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a terminal has to know of a lab that runs in another one."""

    name: str
    source: str
    """The file of the lab, '' for a built-in one."""
    port: int
    process_id: int
    language: str
    hints: dict[str, int] = {}
    """Step -> how many of its hints were given."""


def state_folder(environment: Mapping[str, str]) -> Path:
    """Where the files are: below XDG_STATE_HOME, by default ~/.local/state."""
    base = environment.get("XDG_STATE_HOME", "")
    home = Path(base) if base.startswith("/") else Path.home() / ".local" / "state"
    return home / "obsim" / "labs"


def _file(folder: Path, name: str) -> Path:
    return folder / f"{check_name(name)}.json"


def remember(folder: Path, lab: RunningLab) -> None:
    """Write the file of a lab, whole or not at all. Raises UsageError where that is not possible."""
    target = _file(folder, lab.name)
    draft = folder / f".{lab.name}.{os.getpid()}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft.unlink(missing_ok=True)
        number = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(number, "wb") as out:
            out.write(msgspec.json.encode(lab))
        draft.replace(target)
    except OSError as failure:
        raise UsageError(f"{target}: cannot be written ({failure.strerror}); set XDG_STATE_HOME") from None


def forget(folder: Path, name: str, process_id: int) -> None:
    """Remove the file of a lab whose process has ended, unless another server has taken the name meanwhile."""
    try:
        found = read_place(folder, name)
    except UsageError:
        return
    if found is not None and found.process_id == process_id:
        _file(folder, name).unlink(missing_ok=True)


def running_names(folder: Path) -> list[str]:
    """The names of all files; whether their servers still run is another question."""
    return sorted(path.stem for path in folder.glob("[a-z0-9]*.json")) if folder.is_dir() else []


def read_place(folder: Path, name: str) -> RunningLab | None:
    """What is known of a lab, None without a file. Raises UsageError for a name or a file that is none of obsim's."""
    path = _file(folder, name)
    try:
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as failure:
        raise UsageError(f"{path}: cannot be read ({failure.strerror}): remove it") from None
    with os.fdopen(number, "rb") as file:
        facts = os.fstat(number)
        own = stat.S_ISREG(facts.st_mode) and facts.st_uid == os.getuid()
        if not own or facts.st_size > _SIZE_MAX_BYTES:
            raise UsageError(f"{path}: is no file that a lab of yours has written: remove it")
        text = file.read(_SIZE_MAX_BYTES)
    try:
        found = msgspec.json.decode(text, type=RunningLab)
    except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
        raise UsageError(f"{path}: is no file that a lab has written ({wrong}): remove it") from None
    if found.name != name or not 0 < found.port <= _PORT_MAX or found.language not in LANGUAGES:
        raise UsageError(f"{path}: is no file that a lab of this name has written: remove it")
    return found

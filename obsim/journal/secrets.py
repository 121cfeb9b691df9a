"""Passwords and keys: what is written has their names in the place of them.

    IDENTIFIED BY PASSWORD '***password-1***'      access_key=***key-2***

A text that holds three asterisks itself is fenced with more of them. Of passwords only the digest is ever known here.
"""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from obsim.errors import UsageError
from obsim.journal.directory import open_private
from obsim.statements.text import secret_places

__all__ = ["SecretMissing", "Secrets", "append_secrets", "read_secrets"]

FENCE = "***"


class SecretMissing(Exception):
    """The value behind a name is not known."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the value of {name} is needed: give it with --secrets FILE")
        self.name = name


class Secrets:
    """Values by name; equal values have one name."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self._values: dict[str, str] = dict(values or {})
        self._names = {value: name for name, value in self._values.items()}
        self.fresh: list[tuple[str, str]] = []
        """Names given since somebody took them away to write them down, with their values."""

    def name_of(self, value: str, kind: str) -> str:
        """The name of a value, a new one where it has none; `kind` is its first word."""
        name = self._names.get(value)
        if name is None:
            name = f"{kind}-{len(self._values) + 1}"
            self._values[name], self._names[value] = value, name
            self.fresh.append((name, value))
        return name

    def conceal(self, text: str) -> Any:
        """The text where it holds no secret, else `{"text": .., "fence": ..}` with names in their places."""
        places = list(secret_places(text))
        return self.concealed(text, places) if places else text

    def concealed(self, text: str, places: Iterable[tuple[int, int, str]]) -> dict[str, str]:
        """The same for places that are known."""
        fence = FENCE
        while fence in text:
            fence += "*"
        parts, done = [], 0
        for begin, end, kind in places:
            parts += [text[done:begin], fence, self.name_of(text[begin:end], kind), fence]
            done = end
        return {"text": "".join([*parts, text[done:]]), "fence": fence}

    def reveal(self, told: Any) -> str:
        """What `conceal` was given. Raises SecretMissing."""
        if isinstance(told, str):
            return told
        parts = told["text"].split(told["fence"])
        parts[1::2] = map(self.value_of, parts[1::2])
        return "".join(parts)

    def value_of(self, name: str) -> str:
        """The value of a name. Raises SecretMissing."""
        if name not in self._values:
            raise SecretMissing(name)
        return self._values[name]

    def lines(self) -> str:
        """All of them, as `read_secrets` takes them."""
        return "".join(secret_line(name, value) for name, value in self._values.items())

    def take_fresh(self) -> list[tuple[str, str]]:
        """Those that nobody has taken yet, to be written down."""
        fresh, self.fresh = self.fresh, []
        return fresh


def append_secrets(path: Path, named: Iterable[tuple[str, str]]) -> None:
    """Append names with their values to a file that nobody else may read, synced. A link is not followed.

    Raises OSError: nothing is there.
    """
    data = "".join(secret_line(name, value) for name, value in named).encode()
    if not data:
        return
    handle = open_private(path)
    try:
        end = os.pread(handle, os.fstat(handle).st_size, 0).rfind(b"\n") + 1
        os.ftruncate(handle, end)  # a line that was not written to the end is none
        try:
            os.lseek(handle, end, os.SEEK_SET)
            while data:
                data = data[os.write(handle, data) :]
            os.fsync(handle)
        except OSError:
            os.ftruncate(handle, end)
            raise
    finally:
        os.close(handle)


def secret_line(name: str, value: str) -> str:
    """One of them in a file."""
    return json.dumps({"name": name, "value": value}) + "\n"


def read_secrets(path: Path) -> Secrets:
    """Those of a file; a last line that was not written to the end is none. Without a file there are none.

    Raises UsageError for other text.
    """
    values: dict[str, str] = {}
    if not path.exists():
        return Secrets()
    lines = path.read_bytes().split(b"\n")
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        try:
            told = json.loads(line)
            values[str(told["name"])] = str(told["value"])
        except (ValueError, KeyError, TypeError):
            if number == len(lines):
                break
            raise UsageError(f'{path}:{number}: a secret is a line {{"name": "key-1", "value": "..."}}') from None
    return Secrets(values)

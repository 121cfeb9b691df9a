"""What obsim and the recorded engine share, by rule: kinds of statements.md, objects of parameters.json, views.json.

A record is shared when its statement is of a kind that statements.md gives a form for, or reads or describes views of
views.json and no others, or names a parameter of parameters.json as a variable. Kinds are the leading capitals of the
forms; a shorter one covers a longer one, so everything under ALTER SYSTEM is shared, wrong statements included.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.conformance.replay.records import Record

__all__ = ["Surface"]

_COMMENT = re.compile(r"/\*.*?\*/|--[ \t].*?$|#.*?$", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"^ {4}(?P<block>.+)$|`(?P<inline>[^`\n]+)`", re.MULTILINE)
_CUTS = re.compile(r" {2,}|, (?=[A-Z])")
_GROUP = re.compile(r"\{(?P<one>[^{}]*)\}|\[(?P<maybe>[^\[\]]*)\]|(?P<word>[A-Z_]+)(?![\w'])|(?P<other>\S+)")
_READS = re.compile(r"(?:SELECT|WITH|DESC|DESCRIBE|EXPLAIN|SHOW CREATE|SHOW (?:FULL )?COLUMNS)\b", re.IGNORECASE)
_NAME = r"`?[\w$]+`?(?:\s*\.\s*`?[\w$]+`?)?"
_NAMED = re.compile(
    rf"\b(?:FROM|JOIN|DESC|DESCRIBE|CREATE\s+VIEW|CREATE\s+TABLE)\s+({_NAME})(?=\s|;|\)|$)", re.IGNORECASE
)
_VARIABLE = re.compile(r"\s*SET\s+(?:GLOBAL\s+|SESSION\s+)?(\w+)\s*:?=|@@(?:global\.|session\.)?(\w+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Surface:
    """Kinds of statements, names of views and of parameters; names in small letters."""

    kinds: tuple[str, ...]
    views: tuple[str, ...]
    parameters: tuple[str, ...]

    @classmethod
    def of_reference(cls, folder: Path) -> Self:
        """From statements.md, views.json and parameters.json."""
        heads = set(_heads((folder / "statements.md").read_text("utf-8")))
        kinds = {head for head in heads if not any(head.startswith(f"{other} ") for other in heads)}
        return cls(tuple(sorted(kinds)), _names(folder / "views.json"), _names(folder / "parameters.json"))

    @classmethod
    def of_fixture(cls, path: Path) -> Self:
        """From the copy that `text` makes."""
        found = json.loads(path.read_text("utf-8"))
        return cls(*(tuple(found[key]) for key in ("kinds", "views", "parameters")))

    def text(self) -> str:
        """The copy in fixtures/."""
        found = {"kinds": self.kinds, "views": self.views, "parameters": self.parameters}
        return json.dumps(found, indent=1) + "\n"

    def shares(self, record: Record) -> bool:
        """Whether the record counts. A text of several statements does when one of them does."""
        if record.kind not in {"sql", "multi"}:
            return False
        return any(map(self._shares, record.text.split(";") if record.kind == "multi" else [record.text]))

    def _shares(self, text: str) -> bool:
        body = " ".join(_COMMENT.sub(" ", text).split())
        words = re.match(r"(?:[A-Za-z_]+ ?)*", body)
        head = words[0].upper().strip() if words else ""
        if any(head == kind or head.startswith(f"{kind} ") for kind in self.kinds):
            return True
        variables = [(one or other).lower() for one, other in _VARIABLE.findall(body)]
        if variables:
            return all(name in self.parameters for name in variables)
        names = {name.replace("`", "").split(".")[-1].strip().lower() for name in _NAMED.findall(body)}
        return _READS.match(body) is not None and bool(names) and names <= set(self.views)


def _names(path: Path) -> tuple[str, ...]:
    return tuple(sorted(entry["name"].lower() for entry in json.loads(path.read_text("utf-8"))))


def _heads(text: str) -> Iterator[str]:
    """The leading capitals of every form; forms begin with the words that blocks of forms begin with."""
    found = [(match["block"] or match["inline"], match["block"] is not None) for match in _CODE.finditer(text)]
    pieces = [(piece.strip(), block) for code, block in found for piece in _CUTS.split(code)]
    heads = [(head, block) for piece, block in pieces for head in _leading(piece)]
    openings = {head.split()[0] for head, block in heads if block and len(head.split()) > 1}
    return (head for head, _ in heads if len(head.split()) > 1 and head.split()[0] in openings)


def _leading(form: str) -> list[str]:
    """`A {B | C} [D] e` begins A B, A C, A B D and A C D."""
    heads = [""]
    for match in _GROUP.finditer(form):
        if match["word"]:
            heads = [f"{head} {match['word']}" for head in heads]
            continue
        options = (match["one"] or "").split("|") if match["one"] else [match["maybe"] or ""]
        words = [option.strip() for option in options]
        if match["other"] or not all(re.fullmatch(r"[A-Z_ ]+", word) for word in words):
            break
        longer = [f"{head} {word}" for head in heads for word in words]
        heads = longer if match["one"] else heads + longer
    return [" ".join(head.split()) for head in heads]

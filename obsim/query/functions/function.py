"""A SQL function: what it takes, what kind it gives, and how SQLite calls it.

Letters of arguments: `t` text, `b` bytes, `i` whole number, `n` number, `m` a point in time, `v` any value as it is,
`u` a unit word; after `?` they may be missing, a final `*` repeats the last.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from obsim.query.kinds import Kind
from obsim.query.values import bytes_of, number_of, text_of, whole_of

__all__ = ["Form", "Function", "Rule", "argument_range", "converted", "letter_of", "sqlite_name"]

Rule = Callable[[Sequence[Kind]], Kind]
"""From the kinds of the arguments to that of the result."""


class Form(Enum):
    """How a call is rewritten."""

    SCALAR = "scalar"  # a function of ours in SQLite
    SHAPE = "shape"  # another expression: see `obsim.query.rewriting.calls`
    FACT = "fact"  # a value of the statement, bound as a parameter
    AGGREGATE = "aggregate"
    WINDOW = "window"  # SQLite's own, only with OVER
    REFUSED = "refused"  # the real engine has it, obsim says no


@dataclass(frozen=True, slots=True)
class Function:
    """One row of the registry."""

    name: str
    arguments: str
    result: Rule
    call: Callable[..., Any] | None = None
    stable: bool = False
    form: Form = Form.SCALAR
    zone: bool = False
    """The session's offset in seconds is passed as a last argument."""
    sees_null: bool = False
    """Called with NULL arguments too; the others give NULL for any NULL."""


_CONVERTERS: dict[str, Callable[[Any], Any] | None] = {
    "b": bytes_of,
    "t": text_of,
    "i": whole_of,
    "n": number_of,
    "m": None,
    "v": None,
    "u": None,
}


def argument_range(letters: str) -> tuple[int, int]:
    """Least and greatest number of arguments."""
    plain = letters.replace("?", "").replace("*", "")
    least = len(letters.split("?", maxsplit=1)[0].replace("*", ""))
    return least, 1000 if letters.endswith("*") else len(plain)


def letter_of(letters: str, place: int) -> str:
    """The letter of the argument at a place."""
    plain = letters.replace("?", "").replace("*", "")
    return plain[min(place, len(plain) - 1)] if plain else "v"


def sqlite_name(function: Function) -> str:
    """What a scalar function is called inside SQLite."""
    return f"ob_f_{function.name.lower()}"


def converted(function: Function) -> Callable[..., Any]:
    """The call as SQLite makes it: arguments converted by their letters, NULL for any NULL."""
    call, sees_null = function.call, function.sees_null
    assert call is not None
    plain = function.arguments.replace("?", "").replace("*", "")
    converters = [_CONVERTERS[letter] for letter in plain]
    last = converters[-1] if function.arguments.endswith("*") else None
    converters += [last] * (64 if last else 1)

    def run(*values: Any) -> Any:
        if not sees_null and None in values:
            return None
        if len(values) > len(converters):
            return call(*(v if last is None or v is None else last(v) for v in values))
        return call(*[v if c is None or v is None else c(v) for v, c in zip(values, converters, strict=False)])

    return run

"""What can go wrong, as one tree.

    ObsimError                 anything obsim raises on purpose
    +-- ServerError            an answer a client sees: errno, SQLSTATE, message
    |   +-- SyntaxRefused      1064, with the offset it starts from
    |   +-- NotModelled        1235, something the real engine does and obsim does not
    +-- ScenarioError          a scenario file that cannot be used: file, key, rule
    +-- UsageError             the caller of the Python interface broke a rule of it

An exception that is none of these is a defect of obsim: the server answers it with a plain 1105 and logs the trace.
Codes, SQLSTATEs and texts come from `errors.json`, syntax errors from `statements.md` (How an error reaches a client).
"""

from obsim.error_table import ERROR_ROWS

__all__ = [
    "NotModelled", "ObsimError", "ScenarioError", "ServerError", "SyntaxRefused", "UsageError", "code_of", "error",
    "error_of", "plain_message",
]  # fmt: skip

NEAR_LENGTH_MAX = 80
SYNTAX_TEXT = (
    "You have an error in your SQL syntax; check the manual that corresponds to your OceanBase version "
    "for the right syntax to use"
)
_ROWS = {row[0]: row for row in ERROR_ROWS}


class ObsimError(Exception):
    """Base of everything obsim raises on purpose."""


class UsageError(ObsimError):
    """The Python interface was used against its rules; the text names the rule and the next step."""


class ScenarioError(ObsimError):
    """A scenario cannot be used; the text names the file, the key and what is allowed there."""


class ServerError(ObsimError):
    """An error as a client of the server sees it.

    Attributes: `name` the OceanBase symbol, `code` the OceanBase code (negative; 0 where only MySQL has the error),
    `errno` 1..65535, `sqlstate` five characters, `message` the text.
    """

    def __init__(self, errno: int, sqlstate: str, message: str, *, name: str = "", code: int = 0) -> None:
        super().__init__(errno, sqlstate, message)
        self.errno = errno
        self.sqlstate = sqlstate
        self.message = message
        self.name = name
        self.code = code

    def __str__(self) -> str:
        return f"ERROR {self.errno} ({self.sqlstate}): {self.message}"


class SyntaxRefused(ServerError):
    """1064: the text is not in the language. `near` is the rest of the text from the offending token."""

    def __init__(self, near: str, line: int) -> None:
        text = near[:NEAR_LENGTH_MAX]
        super().__init__(
            1064, "42000", f"{SYNTAX_TEXT} near '{text}' at line {line}", name="OB_ERR_PARSE_SQL", code=-5001
        )
        self.near = text
        self.line = line


class NotModelled(ServerError):
    """1235: the real engine knows this and obsim does not. Never raised for what the real engine refuses itself."""

    def __init__(self, what: str) -> None:
        super().__init__(1235, "0A000", f"obsim does not model {what}", name="OB_NOT_SUPPORTED", code=-4007)


def error(name: str, *args: object) -> ServerError:
    """The error `name` (a symbol of `error_table`), its format filled with `args`, or its plain message without them.

    The real engine prints the format only where the failing check supplies the argument (`statements.md`).
    """
    _, code, errno, sqlstate, plain, template = _ROWS[name]
    message = template.format(*args) if args and template else plain
    return ServerError(errno, sqlstate, message, name=name, code=code)


def code_of(name: str) -> int:
    """The OceanBase code of a symbol of `error_table`: negative, as RESULT columns have it."""
    return _ROWS[name][1]


def error_of(code: int) -> ServerError:
    """The error of an OceanBase code, with its plain message."""
    return error(next(row[0] for row in ERROR_ROWS if row[1] == code))


def plain_message(code: int) -> str:
    """The plain text of an OceanBase code, as COMMENT columns carry it."""
    return next((row[4] for row in ERROR_ROWS if row[1] == code), "Unknown error")

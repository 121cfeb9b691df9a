"""What a lab file may say: every table of it as a struct, every key with its default."""

from typing import Any

import msgspec

__all__ = ["LANGUAGES", "Check", "Expected", "Lab", "Step", "Text"]

LANGUAGES = ("en", "zh")
Expected = str | int | float | bool
"""A value as TOML has it; true and false are 1 and 0, as SQL has them."""


class Text(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The same words in every language, as Markdown."""

    en: str
    zh: str

    def of(self, language: str) -> str:
        """The words in a language of `LANGUAGES`, without the line ends around them."""
        text: str = getattr(self, language)
        return text.strip()


class Check(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question to the server, and which answer is the right one: exactly one of the five conditions.

    `rows` are all rows in order. `value`, `at_least`, `at_most` and `one_of` are about the first value of the first
    row; the two bounds may stand together. NULL and no row fulfil nothing but `rows`.
    """

    query: str
    holds: Text
    """Said when it is so."""
    missing: Text
    """Said when it is not, or not yet."""
    why: Text
    """Why it matters; said when it is missing."""
    tenant: str = "sys"
    user: str = "root"
    rows: list[list[Expected]] | None = None
    value: Expected | None = None
    at_least: int | float | None = None
    at_most: int | float | None = None
    one_of: list[Expected] | None = None


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing to do: what, how one sees that it is done, and hints from the vaguest to the whole solution."""

    name: str
    title: Text
    task: Text
    check: list[Check]
    hint: list[Text]


class Lab(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole file."""

    title: Text
    about: Text
    """What one learns, in a sentence."""
    minutes: int
    """How long it takes a beginner."""
    scenario: str | dict[str, Any]
    """What the server starts from: a built-in scenario, a file beside the lab, or the scenario itself as a table."""
    intro: Text
    """Said at the start, before the first step."""
    outro: Text
    """Said when everything holds."""
    step: list[Step]
    order: int = 0
    """Where `obsim lab list` has it among the built-in ones."""

"""Character sets and collations a session can name, and the codec its results are written in.

The sets are those of OceanBase 4.2.1; ids are MySQL's. `utf8` and `utf8mb3` are other names of `utf8mb4` there.
Order and columns follow the recorded SHOW CHARSET and SHOW COLLATION (seekdb-observations.jsonl).
"""

from dataclasses import dataclass

from obsim.errors import error

__all__ = [
    "CHARACTER_SETS", "CHARACTER_SET_OF_ID", "COLLATIONS", "CharacterSet", "Collation", "character_set", "collation",
]

_ALIASES = {"utf8": "utf8mb4", "utf8mb3": "utf8mb4"}


@dataclass(frozen=True, slots=True)
class Collation:
    """One row of SHOW COLLATION; `sort_length` is MySQL's Sortlen."""

    name: str
    character_set: str
    id: int
    is_default: bool
    sort_length: int


@dataclass(frozen=True, slots=True)
class CharacterSet:
    """One row of SHOW CHARSET; `codec` is Python's name of the encoding, `bytes_max` those of one character."""

    name: str
    description: str
    default_collation: str
    bytes_max: int
    codec: str


CHARACTER_SETS: dict[str, CharacterSet] = {
    row[0]: CharacterSet(*row)
    for row in (
        ("binary", "Binary pseudo charset", "binary", 1, "utf-8"),
        ("utf8mb4", "UTF-8 Unicode", "utf8mb4_general_ci", 4, "utf-8"),
        ("gbk", "GBK charset", "gbk_chinese_ci", 2, "gbk"),
        ("utf16", "UTF-16 Unicode", "utf16_general_ci", 4, "utf-16-be"),
        ("gb18030", "GB18030 charset", "gb18030_chinese_ci", 4, "gb18030"),
        ("latin1", "cp1252 West European", "latin1_swedish_ci", 1, "cp1252"),
        ("gb18030_2022", "GB18030-2022 charset", "gb18030_2022_chinese_ci", 4, "gb18030"),
    )
}

COLLATIONS: dict[str, Collation] = {
    row[0]: Collation(*row)
    for row in (
        ("utf8mb4_general_ci", "utf8mb4", 45, True, 1),
        ("utf8mb4_bin", "utf8mb4", 46, False, 1),
        ("utf8mb4_unicode_ci", "utf8mb4", 224, False, 8),
        ("utf8mb4_unicode_520_ci", "utf8mb4", 246, False, 8),
        ("utf8mb4_0900_ai_ci", "utf8mb4", 255, False, 0),
        ("utf8mb4_0900_bin", "utf8mb4", 309, False, 1),
        ("binary", "binary", 63, True, 1),
        ("gbk_chinese_ci", "gbk", 28, True, 1),
        ("gbk_bin", "gbk", 87, False, 1),
        ("utf16_general_ci", "utf16", 54, True, 1),
        ("utf16_bin", "utf16", 55, False, 1),
        ("utf16_unicode_ci", "utf16", 101, False, 8),
        ("gb18030_chinese_ci", "gb18030", 248, True, 2),
        ("gb18030_bin", "gb18030", 249, False, 1),
        ("latin1_swedish_ci", "latin1", 8, True, 1),
        ("latin1_bin", "latin1", 47, False, 1),
        ("gb18030_2022_bin", "gb18030_2022", 216, False, 1),
        ("gb18030_2022_chinese_ci", "gb18030_2022", 217, True, 2),
    )
}
"""The collation of each name; `utf8_*` names are looked up as `utf8mb4_*`."""

# What a client's greeting may name by number: MySQL's utf8mb3 collations are taken as utf8mb4.
CHARACTER_SET_OF_ID = {c.id: c.character_set for c in COLLATIONS.values()} | {33: "utf8mb4", 83: "utf8mb4"}


def character_set(name: str) -> CharacterSet:
    """The character set of a name in any letter case; raises 1115."""
    lower = name.lower()
    found = CHARACTER_SETS.get(_ALIASES.get(lower, lower))
    if found is None:
        raise error("OB_ERR_UNKNOWN_CHARSET", name)
    return found


def collation(name: str) -> Collation:
    """The collation of a name in any letter case; raises 1273."""
    lower = name.lower()
    for alias, real in _ALIASES.items():
        if lower.startswith(alias + "_"):
            lower = real + lower[len(alias) :]
    found = COLLATIONS.get(lower)
    if found is None:
        raise error("OB_ERR_UNKNOWN_COLLATION", name)
    return found

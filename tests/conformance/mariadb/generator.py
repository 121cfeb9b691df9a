"""Random queries over the views, the same ones for the same seed: what clients ask, and far beyond.

A query is made from the outside in: FROM first, so that everything else knows which columns there are, then list,
conditions and groups out of the templates of `grammar.py`. Rows are put into one order by all columns of the list, so
that LIMIT means the same rows everywhere.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from random import Random

from tests.conformance.mariadb.client import Parameter
from tests.conformance.mariadb.grammar import AGGREGATES, CONDITIONS, CONSTANTS, EXPRESSIONS, WINDOWS
from tests.conformance.mariadb.loading import Table

__all__ = ["Generated", "generated"]

_HOLE = re.compile(r"\{([A-Z_]+|[a-z])(\d?)\}")
_MARK = re.compile(r"\x00(\d+)\x00")
_JOINED_ROWS_MAX = 50
"""Tables with more rows are not joined: three of them would keep either server busy for long."""
_SUBQUERY_ROWS_MAX = 100
_DEPTH = 3
_LETTERS = {
    "bigint": "i", "tinyint": "i", "decimal": "d", "double": "f", "varchar": "s", "longtext": "s", "datetime": "m",
    "timestamp": "m", "date": "t",
}  # fmt: skip
_LEAVES = {
    "i": "{K}", "b": "1704038409480000000", "d": "{E}", "f": "2.5e0", "s": "{W}", "m": "CAST({Z} AS DATETIME(6))",
    "t": "DATE({N})",
}  # fmt: skip
_LISTED = "iiiisssssddmmtbfc"
_MERGED = "iiisssmtbc"
"""Where equal rows are merged quotients stay away: MariaDB rounds them first."""
_PARAMETERS = frozenset("KPWLMN")
"""Constants that a prepared statement may leave open."""


Joined = tuple[str, str, dict[str, str]]
"""A table of a join: its text, its alias, and the letters of its columns."""


@dataclass(frozen=True)
class Generated:
    """A query, with the values of its placeholders."""

    seed: int
    sql: str
    parameters: tuple[Parameter, ...] = ()


@dataclass
class Scope:
    """Columns in sight by the letter of their type, and the scope around."""

    columns: dict[str, list[str]] = field(default_factory=dict)
    outer: "Scope | None" = None

    def add(self, letter: str, name: str) -> None:
        self.columns.setdefault(letter, []).append(name)


def generated(seed: int, tables: Sequence[Table]) -> Generated:
    """The query of a seed over tables that have rows, or a few that have none."""
    return _Generator(seed, tables).query()


def _letter(table: Table, column: str, mysql_type: str) -> str:
    """The letter of a column's type; a number too large for arithmetic counts as one, whatever its type."""
    return "b" if column in table.large else _LETTERS[mysql_type.partition("(")[0]]


class _Generator:
    def __init__(self, seed: int, tables: Sequence[Table]) -> None:
        self.seed, self.random = seed, Random(seed)
        self.tables = [t for t in tables if t.rows]
        self.empty = [t for t in tables if not t.rows]
        self.values: list[Parameter] = []
        self.prepared = False
        self.serial = 0
        self.subqueries = 0

    def query(self) -> Generated:
        self.prepared = self.chance(0.2)
        sql = self.top()
        order = [int(number) for number in _MARK.findall(sql)]
        return Generated(self.seed, _MARK.sub("?", sql), tuple(self.values[number] for number in order))

    # --- choices -------------------------------------------------------------------------------------------------

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def one(self, choices: Sequence[str]) -> str:
        return self.random.choice(choices)

    def name(self) -> str:
        self.serial += 1
        return f"t{self.serial}"

    def cased(self, name: str) -> str:
        """A name as clients write it."""
        return name.lower() if self.chance(0.3) else f"`{name}`" if self.chance(0.1) or "$" in name else name

    # --- expressions ---------------------------------------------------------------------------------------------

    def expression(self, letter: str, scope: Scope, depth: int) -> str:
        """An expression of a type."""
        if letter == "x":
            letter = self.one("iisssmt")
        if letter == "n":
            letter = self.one("iid")
        if depth <= 0 or (letter != "c" and self.chance(0.35)):
            return self.leaf(letter, scope)
        return self.filled(self.one(EXPRESSIONS[letter]), scope, depth - 1)

    def leaf(self, letter: str, scope: Scope) -> str:
        if letter == "c":
            return self.filled(self.one(("{i} = {K}", "{s} = {W}", "{i} > {K}", "{s} IS NOT NULL")), scope, 0)
        around: Scope | None = scope
        while around.outer is not None and self.chance(0.3):
            around = around.outer
        columns = around.columns.get(letter) or scope.columns.get(letter)
        if columns and self.chance(0.9):
            return self.one(columns)
        return self.filled(_LEAVES[letter], scope, 0)

    def filled(self, template: str, scope: Scope, depth: int) -> str:
        """A template with its holes filled; an operator's operands are put in parentheses where they need them."""
        bare = template.startswith("{") and template.endswith("}") and template.count("{") == 1

        known: dict[str, str] = {}

        def fill(match: re.Match[str]) -> str:
            hole, number = match.groups()
            if number:  # the same expression again
                return known.setdefault(hole + number, self.expression(hole, scope, depth))
            if hole in CONSTANTS:
                return self.constant(hole)
            if hole == "AGG_I":
                return self.scalar(scope)
            if hole.startswith("SUB_"):
                return self.subquery(hole[4:], scope)
            text = self.expression(hole, scope, depth)
            around = template[match.start() - 1 : match.start()] + template[match.end() : match.end() + 1]
            if bare or around == "()":
                return text
            return text if re.fullmatch(r"-?[\w.`$]+|'[^']*'|\w+\([^()]*\)|\x00\d+\x00", text) else f"({text})"

        return _HOLE.sub(fill, template)

    def constant(self, hole: str) -> str:
        text = self.one(CONSTANTS[hole])
        if not self.prepared or hole not in _PARAMETERS or self.chance(0.5):
            return text
        quoted = text[:1] == "'"
        self.values.append(text[1:-1].replace("''", "'").replace("\\\\", "\\") if quoted else int(text))
        return f"\x00{len(self.values) - 1}\x00"

    # --- subqueries ----------------------------------------------------------------------------------------------

    def inner(self, scope: Scope) -> tuple[str, Scope, str]:
        """FROM of a subquery, its scope, and a WHERE that often refers to the query around it."""
        self.subqueries += 1
        choices = [t for t in self.tables if t.rows <= _SUBQUERY_ROWS_MAX]
        table = self.random.choice(self.empty if self.chance(0.05) else choices)
        alias, inside = self.name(), Scope(outer=scope)
        self.see(table, alias, inside)
        conditions = []
        theirs, ours = scope.columns.get("i"), inside.columns.get("i")
        if theirs and ours and self.chance(0.5):
            conditions.append(f"{self.one(ours)} = {self.one(theirs)}")
        if self.chance(0.5):
            conditions.append(self.expression("c", inside, 1))
        where = f" WHERE {' AND '.join(f'({c})' for c in conditions)}" if conditions else ""
        return f"{self.cased(table.name)} {alias}", inside, where

    def scalar(self, scope: Scope) -> str:
        if self.subqueries > 1:
            return self.one(CONSTANTS["K"])
        source, inside, where = self.inner(scope)
        aggregate = self.one(("COUNT(*)", "MAX({i})", "MIN({i})", "COUNT(DISTINCT {s})"))
        return f"{self.filled(aggregate, Scope(inside.columns), 0)} FROM {source}{where}"

    def subquery(self, letters: str, scope: Scope) -> str:
        if self.subqueries > 1:
            return "SELECT " + ", ".join({"I": "1", "S": "'alpha'", "X": "1"}[letter] for letter in letters)
        source, inside, where = self.inner(scope)
        listed = ", ".join("1" if letter == "X" else self.expression(letter.lower(), inside, 0) for letter in letters)
        return f"SELECT {listed} FROM {source}{where}"

    # --- FROM ----------------------------------------------------------------------------------------------------

    def see(self, table: Table, alias: str, scope: Scope, *, bare: bool = False) -> None:
        for column, kind in table.columns:
            name = column.lower() if self.chance(0.3) else column
            scope.add(_letter(table, column, kind), name if bare else f"{alias}.{name}")

    def sources(self, outer: Scope | None) -> tuple[str, Scope]:
        """A FROM and the columns it gives."""
        scope = Scope(outer=outer)
        if self.chance(0.55):
            return self.single(scope), scope
        small = [t for t in self.tables if t.rows <= _JOINED_ROWS_MAX]
        count = 3 if self.chance(0.15) else 2
        parts = [self.joined(self.random.choice(small), scope) for _ in range(count)]
        text = parts[0][0]
        for place, part in enumerate(parts[1:], 1):
            text += self.join(parts[:place], part)
        return text, scope

    def single(self, scope: Scope) -> str:
        if self.chance(0.15):
            return self.derived(scope)[0]
        table = self.random.choice(self.empty if self.chance(0.05) else self.tables)
        alias = self.name() if self.chance(0.4) else ""
        name = self.cased(table.name)
        self.see(table, alias, scope, bare=not alias)
        schema = "oceanbase." if self.chance(0.2) else ""
        return f"{schema}{name}{self.one((' ', ' AS '))}{alias}" if alias else schema + name

    def joined(self, table: Table, scope: Scope) -> Joined:
        """One table of a join: its text, alias, and columns by upper-case name."""
        if self.chance(0.1):
            return self.derived(scope, named=True)
        alias = self.name()
        self.see(table, alias, scope)
        return f"{self.cased(table.name)} {alias}", alias, {c: _letter(table, c, k) for c, k in table.columns}

    def derived(self, scope: Scope, *, named: bool = False) -> Joined:
        """A subquery in FROM, mostly with an alias."""
        table = self.random.choice([t for t in self.tables if t.rows <= _JOINED_ROWS_MAX])
        inside = Scope()
        self.see(table, "", inside, bare=True)
        alias = self.name() if named or self.chance(0.6) else ""
        distinct = "DISTINCT " if self.chance(0.2) else ""
        letters = [self.one("iisssmt" if distinct else "iisssdmt") for _ in range(self.random.randint(2, 4))]
        columns = [f"k{place}" for place in range(len(letters))]
        listed = ", ".join(
            f"{self.expression(letter, inside, 1)} AS {column}" for letter, column in zip(letters, columns, strict=True)
        )
        for letter, column in zip(letters, columns, strict=True):
            scope.add(letter, f"{alias}.{column}" if alias else column)
        where = f" WHERE {self.expression('c', inside, 1)}" if self.chance(0.5) else ""
        text = f"(SELECT {distinct}{listed} FROM {self.cased(table.name)}{where})"
        return f"{text} {alias}".strip(), alias, dict(zip(columns, letters, strict=True))

    def join(self, before: Sequence[Joined], joined: Joined) -> str:
        """The next table, joined to one of those before it."""
        source, alias, table = joined
        _, other, columns = self.random.choice(list(before))
        shared = [c for c in columns if c in table and columns[c] == table[c]]
        numbers = [[c for c, letter in t.items() if letter == "i"] for t in (columns, table)]
        if len(before) == 1 and "TENANT_ID" in shared and self.chance(0.15):
            return f"{self.one((' JOIN ', ' LEFT JOIN ', ' RIGHT JOIN '))}{source} USING (TENANT_ID)"
        if shared and self.chance(0.7):
            key = self.one(shared)
            on = f"{other}.{key} = {alias}.{key}"
        elif all(numbers):
            on = f"{other}.{self.one(numbers[0])} = {alias}.{self.one(numbers[1])}"
        else:
            on = "1 = 1"
        if self.chance(0.3):
            more = self.one(("{i} > {K}", "{s} = {W}", "{s} LIKE {L}"))
            on += f" AND ({self.filled(more, scope_of(table, alias), 0)})"
        word = self.one((" JOIN ", " INNER JOIN ", " LEFT JOIN ", " LEFT OUTER JOIN ", " RIGHT JOIN ", " CROSS JOIN "))
        return f"{word}{source}" + ("" if "CROSS" in word else f" ON {on}")

    # --- whole queries -------------------------------------------------------------------------------------------

    def top(self) -> str:
        kind = self.random.random()
        if kind < 0.12:
            body, width = self.combined()
        elif kind < 0.42:
            body, width = self.grouped()
        else:
            body, width = self.plain()
        if self.chance(0.05):
            body = f"SELECT * FROM ({body}) {self.name()}"
        tail = ""
        if width:
            places = self.shuffled(range(1, width + 1))
            tail = " ORDER BY " + ", ".join(f"{n}{self.one(('', '', ' DESC', ' ASC'))}" for n in places)
            if self.chance(0.35):
                low, high = self.random.randint(0, 5), self.random.randint(0, 20)
                forms = (f" LIMIT {high}", f" LIMIT {low}, {high}", f" LIMIT {high} OFFSET {low}")
                # MariaDB overlooks the offset of a DISTINCT over what it takes for constants.
                tail += forms[0] if "DISTINCT" in body else self.one(forms)
        return body + tail + (";" if self.chance(0.05) else "")

    def shuffled(self, numbers: Iterable[int]) -> list[int]:
        listed = list(numbers)
        self.random.shuffle(listed)
        return listed

    def listed(self, letters: Iterable[str], scope: Scope) -> list[str]:
        out = []
        for letter in letters:
            text = self.expression(letter, scope, self.random.randint(0, _DEPTH))
            out.append(f"{text}{self.one((' AS ', ' '))}{self.name()}" if self.chance(0.3) else text)
        return out

    def where(self, scope: Scope) -> str:
        if self.chance(0.4):
            return ""
        text = self.expression("c", scope, self.random.randint(0, 2))
        return f" WHERE NOT ({text})" if self.chance(0.25) else f" WHERE {text}"

    def plain(self) -> tuple[str, int]:
        source, scope = self.sources(None)
        distinct = self.one(("DISTINCT ", "", "", "", "/*+ READ_CONSISTENCY(WEAK) */ ", "ALL "))
        kinds = _MERGED if distinct == "DISTINCT " else _LISTED
        letters = [self.one(kinds) for _ in range(self.random.randint(1, 5))]
        items = self.listed(letters, scope)
        # MariaDB's windows see a derived table's constants where an outer join has none.
        if self.chance(0.08) and "(SELECT" not in source:
            items.append(self.filled(self.one(WINDOWS), scope, 0))
        word = self.one(("SELECT", "select"))
        return f"{word} {distinct}{', '.join(items)} FROM {source}{self.where(scope)}", len(items)

    def grouped(self) -> tuple[str, int]:
        self.prepared = False
        source, scope = self.sources(None)
        where = self.where(scope)
        count = self.random.choice((0, 1, 1, 1, 2))
        keys = [self.expression(self.one("iissmt"), scope, self.random.randint(0, 2)) for _ in range(count)]
        letters = [self.one("iiidddsssfmt") for _ in range(self.random.randint(1, 4))]
        items = keys + [self.filled(self.one(AGGREGATES[letter]), scope, 1) for letter in letters]
        group = ""
        if keys:
            places = [str(n) for n in range(1, len(keys) + 1)]
            by_place = self.chance(0.3) or any(key.lstrip("-").isdigit() for key in keys)
            group = f" GROUP BY {', '.join(places if by_place else keys)}"
        having = ""
        if keys and self.chance(0.3):
            having = " HAVING " + self.filled(self.one(CONDITIONS), scope, 0)
        return f"SELECT {', '.join(items)} FROM {source}{where}{group}{having}", len(items)

    def combined(self) -> tuple[str, int]:
        """Two or three queries joined by set operators."""
        letters = [self.one("iisssmt") for _ in range(self.random.randint(1, 3))]
        mixed = self.chance(0.2)
        sides = []
        for _ in range(3 if self.chance(0.3) else 2):
            source, scope = self.sources(None)
            listed = [self.one("is") if mixed and letter in "is" else letter for letter in letters]
            sides.append(f"SELECT {', '.join(self.listed(listed, scope))} FROM {source}{self.where(scope)}")
        text = sides[0]
        for place, side in enumerate(sides[1:]):  # behind another operator INTERSECT means two things: see `RULES`
            words = ("UNION", "UNION ALL", "UNION DISTINCT", "EXCEPT", "UNION ALL", "UNION" if place else "INTERSECT")
            text += f" {self.one(words)} {side}"
        return text, len(letters)


def scope_of(table: dict[str, str], alias: str) -> Scope:
    """The columns of one table of a join."""
    scope = Scope()
    for column, letter in table.items():
        scope.add(letter, f"{alias}.{column}")
    return scope

"""The support matrix as a page of Markdown: statements, views, parameters, functions, procedures and clients."""

from collections.abc import Iterable, Iterator, Sequence
from textwrap import fill

from obsim.catalog.pairs import Alone, Pair, nothing
from obsim.catalog.registry import ALONE, PAIRS
from obsim.control import PROCEDURES
from obsim.parameters import PARAMETERS
from obsim.query.functions.function import Form
from obsim.query.functions.registry import FUNCTIONS, ORACLE_MODE
from obsim.session.show import LISTINGS
from obsim.sql.grammar.show import SHOW_KINDS
from obsim.support.matrix import VERSIONS, statement_rows
from obsim.versions import PROFILES

__all__ = ["Client", "page", "read_clients"]

Client = tuple[str, str, str, str]
"""Name, language, version it was last run with, and `yes` where TLS is tested."""

_INTRODUCTION = """\
# What obsim supports

Printed by `obsim support` from the tables that obsim itself works with, and from one run of every kind of statement in
every version; a test keeps this page current. Where obsim knowingly differs from OceanBase, see
[differences.md](differences.md).
"""
_STATEMENTS = """\
## Statements

**acts**: views or later statements show what it did. **answers**: the right answer, and nothing changes. **refused**:
OceanBase refuses it too, with this error number. **not yet**: it is read, and checked as far as obsim can, and then
refused with 1235 "obsim does not model ...". Each line was run from the start of the scenario `statements`, what needs
several servers from that of `three-zones`.
"""
_VIEWS = """\
## Views

Columns in each version; a dash where the version has no such view. *empty*: nothing of the kind exists in obsim yet, so
it never has rows. A pair is `CDB_<name>` in sys and `DBA_<name>` everywhere, in Oracle mode in the schema `SYS`.
"""
_PARAMETERS = """\
## Parameters

**acts**: the simulation behaves otherwise when it changes. **kept**: it is checked, stored and shown, and nothing else.
"""
_FUNCTIONS = """\
## Functions of SELECT

Any other name is refused: 1305 where OceanBase has no such function either, 1235 where it has. An answer with a
function in italics is computed anew each time, because it depends on more than the rows of views.
"""
_SHOW = "## SHOW\n"
_PROCEDURES = "## Procedures of obsim\n\nCalled as `CALL obsim.<name>(...)` by sys.\n"
_CLIENTS = """\
## Clients

Each goes through login, a poll, a prepared read, an error and the whole incremental-backup procedure in the tests.
"""


def page(clients: Iterable[Client] = ()) -> str:
    """The whole page; without clients it has no section for them."""
    sections = [
        _INTRODUCTION,
        "\n".join((_STATEMENTS, *_statements())),
        "\n".join((_VIEWS, *_views())),
        "\n".join((_PARAMETERS, *_parameters())),
        "\n".join((_FUNCTIONS, *_functions())),
        "\n".join((_SHOW, _listed(sorted({kind for kind, _ in SHOW_KINDS.values()} & set(LISTINGS))))),
        "\n".join((_PROCEDURES, *_procedures())),
    ]
    tested = list(clients)
    if tested:
        sections.append("\n".join((_CLIENTS, *_table(("client", "language", "version", "TLS"), tested))))
    return "\n".join(sections)


def read_clients(text: str) -> list[Client]:
    """Clients from tab-separated lines; one that begins with # is a comment."""
    rows = [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
    return [(name, language, version, tls) for name, language, version, tls in rows]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(map(_cell, row)) + " |"
    yield ""


def _listed(names: Iterable[str], title: str = "") -> str:
    return fill(title + ", ".join(names), 120, break_long_words=False, break_on_hyphens=False) + "\n"


def _statements() -> Iterator[str]:
    rows = statement_rows()
    for family in dict.fromkeys(family for family, _, _ in rows):
        yield f"### {family}\n"
        cells = ((f"`{form}`" if form[0].isupper() else form, *outcomes) for f, form, outcomes in rows if f == family)
        yield from _table(("statement", *VERSIONS), cells)


def _views() -> Iterator[str]:
    entries: list[Pair | Alone] = [*PAIRS, *ALONE]
    rows = []
    for entry in entries:
        counts = []
        for profile in PROFILES.values():
            kept = [column for column in entry.columns if profile.version.has(column.since)]
            counts.append(str(len(kept)) if profile.version.has(entry.since) else "-")
        name = f"CDB\\_, DBA\\_{entry.name}" if isinstance(entry, Pair) else f"{entry.schema}.{entry.name}"
        seen = "sys, everybody" if isinstance(entry, Pair) else {"sys": "sys", "both": "everybody"}[entry.tenants]
        filled = entry.rows is not nothing or (isinstance(entry, Pair) and entry.part is not None)
        rows.append((name.replace("__", "\\_\\_"), seen, *counts, "yes" if filled else "*empty*"))
    yield from _table(("view", "seen by", *VERSIONS, "rows"), rows)


def _parameters() -> Iterator[str]:
    rows = (
        (f"`{p.name}`", p.level.value.lower(), f"`{p.default}`" if p.default else "", p.since, _depth(p.acts))
        for p in sorted(PARAMETERS.values(), key=lambda p: p.name)
    )
    yield from _table(("parameter", "level", "default", "since", ""), rows)


def _depth(acts: bool) -> str:
    return "acts" if acts else "kept"


_KINDS = (
    ("Of one row", {Form.SCALAR, Form.SHAPE, Form.FACT}),
    ("Aggregate", {Form.AGGREGATE}),
    ("With OVER only", {Form.WINDOW}),
    ("OceanBase has them, obsim not yet", {Form.REFUSED}),
)


def _functions() -> Iterator[str]:
    common = [f for f in FUNCTIONS.values() if f.name not in ORACLE_MODE]
    for title, forms in _KINDS:
        found = sorted({(f.name, f.stable or Form.REFUSED in forms) for f in common if f.form in forms})
        yield _listed((name if stable else f"*{name}*" for name, stable in found), f"{title}: ")
    yield _listed(sorted(ORACLE_MODE), "In tenants of Oracle mode only: ")


def _procedures() -> Iterator[str]:
    rows = [(f"`{p.name}({', '.join(p.arguments)})`", p.help) for p in PROCEDURES.values()]
    yield from _table(("procedure", "what it does"), rows)

"""Expressions: sqlglot's tree of MySQL becomes SQLite's text, kind by kind.

Nothing of the client's text reaches SQLite: names become names of ours, literals are quoted or bound, and a node without
a row in `EXPRESSIONS` is refused. Subqueries come back through `Rewriter.query`, which `obsim.sql.selects` provides.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from obsim.answers import MysqlType
from obsim.errors import NotModelled, SyntaxRefused
from obsim.sql.comparison import as_number, boolean, collated, compare, literal_sql, membership, number_literal, truth
from obsim.sql.draft import Draft
from obsim.sql.kinds import (
    BOOLEAN, DATE, DOUBLE, INTEGER, NULL, TIME, Kind, datetime_of, decimal_of, number_kind, text_of_length,
)
from obsim.sql.query_tokens import CALL_MARK, PARAMETER_MARK, unmarked
from obsim.sql.refusals import wrong_column_count
from obsim.sql.scope import Frame, Output, Scope, Term, quoted
from obsim.sql.time_functions import SIMPLE_UNITS

__all__ = ["EXPRESSIONS", "Query", "Rewriter", "column_parts"]

Node = Any


class Query:
    """A rewritten query: SQLite's text and the columns it gives, inside SQLite named c0, c1, ..."""

    __slots__ = ("outputs", "single", "sql")

    def __init__(self, sql: str, outputs: tuple[Output, ...], *, single: bool = False) -> None:
        self.sql, self.outputs = sql, outputs
        self.single = single
        """Whether it can give at most one row."""


class Rewriter:
    """Rewrites the expressions of one statement."""

    def __init__(self, draft: Draft, query: Callable[["Rewriter", Node, Scope | None], Query]) -> None:
        self.draft = draft
        self._query = query

    def query(self, node: Node, scope: Scope | None) -> Query:
        """A subquery inside a scope."""
        return self._query(self, node, scope)

    def term(self, node: Node, frame: Frame) -> Term:
        """One expression; raises SyntaxRefused or NotModelled for what has no row in the table."""
        kind = type(node).__name__
        rewrite = EXPRESSIONS.get(kind)
        if rewrite is None:
            raise NotModelled(f"expressions of the form {kind}")
        return rewrite(self, node, frame)

    def terms(self, nodes: list[Node], frame: Frame) -> list[Term]:
        """Several expressions."""
        return [self.term(node, frame) for node in nodes]

    def condition(self, node: Node, frame: Frame) -> str:
        """An expression as a condition."""
        return truth(self.term(node, frame))

    def scalar(self, node: Node, frame: Frame) -> Term:
        """A subquery as a value: one column (1241), one row (1242 when it runs)."""
        query = self.query(node, frame.scope)
        if len(query.outputs) != 1:
            return Term(f"({query.sql})", NULL, row=tuple(o.term for o in query.outputs))
        inner = query.outputs[0].term
        if query.single:
            return Term(f"({query.sql})", inner.kind.as_nullable())
        return Term(f"(SELECT ob_only(c0) FROM ({query.sql}))", inner.kind.as_nullable())


def column_parts(node: Node) -> list[str]:
    """The names of a column from schema to column."""
    names = [node.args.get(part) for part in ("catalog", "db", "table", "this")]
    return [unmarked(n.name) for n in names if n is not None]


# --- leaves --------------------------------------------------------------------------------------------------------------


def _column(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    parts = column_parts(node)
    if parts[-1][:1] == PARAMETER_MARK and len(parts) == 1:
        return rewriter.draft.parameter(int(parts[0][1:]))
    if len(parts) == 1 and rewriter.draft.session.tenant.mode == "ORACLE" and parts[0].upper() in {"SYSDATE", "USER"}:
        from obsim.sql.calls import call  # noqa: PLC0415 - calls need this module

        if frame.scope.find(parts, frame.clause) is None:
            return call(rewriter, parts[0], [], frame)
    return frame.find(parts)


def _identifier(rewriter: Rewriter, node: Node, frame: Frame) -> Term:  # noqa: ARG001 - one signature
    return frame.find([unmarked(node.name)])


def _literal(rewriter: Rewriter, node: Node, frame: Frame) -> Term:  # noqa: ARG001 - one signature
    return rewriter.draft.text(node.this) if node.args.get("is_string") else number_literal(node.this)


def _national(rewriter: Rewriter, node: Node, frame: Frame) -> Term:  # noqa: ARG001 - one signature
    return rewriter.draft.text(node.name)


def _introduced(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    """`_utf8mb4'x'`: the text, whatever its character set is called."""
    return rewriter.term(node.expression, frame)


def _null(rewriter: Rewriter, node: Node, frame: Frame) -> Term:  # noqa: ARG001 - one signature
    return Term("NULL", NULL)


def _boolean_word(rewriter: Rewriter, node: Node, frame: Frame) -> Term:  # noqa: ARG001 - one signature
    return Term(str(int(node.this)), INTEGER.as_nullable(False), literal=int(node.this))


def _hexadecimal(rewriter: Rewriter, node: Node, frame: Frame) -> Term:  # noqa: ARG001 - one signature
    digits = str(node.this)
    try:
        text = bytes.fromhex(digits if len(digits) % 2 == 0 else "0" + digits).decode("utf8", "replace")
    except ValueError:
        raise SyntaxRefused(digits, 1) from None
    return replace(rewriter.draft.text(text), literal=None)


def _bits(rewriter: Rewriter, node: Node, frame: Frame) -> Term:  # noqa: ARG001 - one signature
    value = int(str(node.this) or "0", 2)
    return Term(str(value), INTEGER.as_nullable(False), literal=value)


def _session_parameter(rewriter: Rewriter, node: Node, frame: Frame) -> Term:  # noqa: ARG001 - one signature
    scope = str(node.args.get("kind") or "session").lower()
    return rewriter.draft.system_variable(node.name, "session" if scope == "local" else scope)


def _user_variable(rewriter: Rewriter, node: Node, frame: Frame) -> Term:  # noqa: ARG001 - one signature
    return rewriter.draft.user_variable(node.name)


def _paren(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    return rewriter.term(node.this, frame)


def _tuple(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    return Term("NULL", NULL, row=tuple(rewriter.terms(node.expressions, frame)))


# --- logic ---------------------------------------------------------------------------------------------------------------


def _chain(node: Node) -> list[Node]:
    """The operands of `a AND b AND c`, however long, without recursion."""
    kind, waiting, out = type(node), [node], []
    while waiting:
        item = waiting.pop()
        if type(item) is kind:
            waiting += [item.args["expression"], item.args["this"]]
        else:
            out.append(item)
    return out


def _balanced(parts: list[str], joint: str) -> str:
    """The parts joined as a tree of little depth: SQLite limits the depth of an expression."""
    while len(parts) > 1:
        pairs = [f"({a} {joint} {b})" for a, b in zip(parts[::2], parts[1::2], strict=False)]
        parts = pairs + ([parts[-1]] if len(parts) % 2 else [])
    return parts[0]


def _logic(joint: str) -> Callable[[Rewriter, Node, Frame], Term]:
    def rewrite(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
        terms = rewriter.terms(_chain(node), frame)
        _no_rows(*terms)
        return boolean(_balanced([truth(t) for t in terms], joint), *terms)

    return rewrite


def _xor(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    terms = rewriter.terms([node.this, node.expression], frame)
    return boolean("((" + ") <> (".join(f"{truth(t)} <> 0" for t in terms) + "))", *terms)


def _not(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    term = rewriter.term(node.this, frame)
    _no_rows(term)
    return boolean(f"(NOT {truth(term)})", term)


def _no_rows(*terms: Term) -> None:
    if any(t.row for t in terms):
        raise wrong_column_count(1)


def _comparison(operator: str) -> Callable[[Rewriter, Node, Frame], Term]:
    def rewrite(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
        left = rewriter.term(node.this, frame)
        quantifier = type(node.expression).__name__
        if quantifier in {"Any", "All"}:
            return _quantified(rewriter, left, operator, node.expression, frame)
        return compare(operator, left, rewriter.term(node.expression, frame))

    return rewrite


def _quantified(rewriter: Rewriter, left: Term, operator: str, node: Node, frame: Frame) -> Term:
    """`x > ALL (...)` holds unless the opposite is found, `x > ANY (...)` if it is found; NULLs count as not found."""
    query = rewriter.query(node.this, frame.scope)
    if len(query.outputs) != 1:
        raise wrong_column_count(1)
    alias = rewriter.draft.name("q")
    inner = replace(query.outputs[0].term, sql=f"{alias}.c0", literal=None, column=None)
    found = compare(operator, left, inner).sql
    if type(node).__name__ == "All":
        return boolean(f"(NOT EXISTS (SELECT 1 FROM ({query.sql}) AS {alias} WHERE NOT {found}))", left)
    return boolean(f"(EXISTS (SELECT 1 FROM ({query.sql}) AS {alias} WHERE {found}))", left)


def _is(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    term = rewriter.term(node.this, frame)
    _no_rows(term)
    right = type(node.expression).__name__
    if right == "Null":
        return Term(f"({term.sql} IS NULL)", BOOLEAN.as_nullable(False))
    if right == "Boolean":
        return Term(f"({truth(term)} IS {'TRUE' if node.expression.this else 'FALSE'})", BOOLEAN.as_nullable(False))
    raise NotModelled("IS with other than NULL, TRUE, FALSE and UNKNOWN")


def _between(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    term, low, high = rewriter.terms([node.this, node.args["low"], node.args["high"]], frame)
    above, below = compare(">=", term, low), compare("<=", term, high)
    return boolean(f"({above.sql} AND {below.sql})", above, below)


def _in(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    wanted = rewriter.term(node.this, frame)
    query_node = node.args.get("query")
    if query_node is None and len(node.expressions) == 1 and type(node.expressions[0]).__name__ in {"Select", "Subquery"}:
        query_node = node.expressions[0]
    if query_node is None:
        return membership(wanted, rewriter.terms(node.expressions, frame))
    query = rewriter.query(query_node, frame.scope)
    width = len(wanted.row) or 1
    if len(query.outputs) != width:
        raise wrong_column_count(width)
    alias = rewriter.draft.name("q")
    inner = tuple(replace(o.term, sql=f"{alias}.c{i}", literal=None, column=None) for i, o in enumerate(query.outputs))
    if wanted.row:
        left, right = ", ".join(map(collated, wanted.row)), ", ".join(t.sql for t in inner)
        return boolean(f"(({left}) IN (SELECT {right} FROM ({query.sql}) AS {alias}))", *wanted.row)
    found = membership(wanted, inner)
    _, _, tail = found.sql.rpartition(" IN (")
    head = found.sql[: -len(tail) - len(" IN (")]
    return boolean(f"{head} IN (SELECT {tail[:-2]} FROM ({query.sql}) AS {alias}))", wanted, inner[0])


def _exists(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    return Term(f"(EXISTS ({rewriter.query(node.this, frame.scope).sql}))", BOOLEAN.as_nullable(False))


def _like(rewriter: Rewriter, node: Node, frame: Frame, escape: Node = None) -> Term:
    terms = rewriter.terms([node.this, node.expression], frame)
    _no_rows(*terms)
    from obsim.sql.comparison import as_text  # noqa: PLC0415 - kept beside its use

    arguments = [as_text(t) for t in terms]
    if escape is not None:
        arguments.append(as_text(rewriter.term(escape, frame)))
    sql = f"ob_like({', '.join(arguments)})"
    return boolean(f"(NOT {sql})" if node.args.get("negate") else sql, *terms)


def _escape(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    return _like(rewriter, node.this, frame, node.expression)


def _regexp(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    from obsim.sql.comparison import as_text  # noqa: PLC0415 - kept beside its use

    terms = rewriter.terms([node.this, node.expression], frame)
    return boolean(f"ob_regexp({as_text(terms[0])}, {as_text(terms[1])})", *terms)


# --- arithmetic ----------------------------------------------------------------------------------------------------------


def _arithmetic(operator: str) -> Callable[[Rewriter, Node, Frame], Term]:
    def rewrite(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
        if operator in "+-" and "Interval" in {type(node.this).__name__, type(node.expression).__name__}:
            return _moved(rewriter, node, frame, 1 if operator == "+" else -1)
        left, right = rewriter.terms([node.this, node.expression], frame)
        _no_rows(left, right)
        kind = number_kind(left.kind, right.kind)
        if kind.type is not MysqlType.NEWDECIMAL:
            return Term(f"({as_number(left)} {operator} {as_number(right)})", kind)
        if operator == "*":
            scales = [k.decimals for k in (left.kind, right.kind) if not k.is_whole]
            kind = decimal_of(sum(scales), nullable=kind.nullable)
        return Term(f"ob_round_to({as_number(left)} {operator} {as_number(right)}, {kind.decimals})", kind)

    return rewrite


def _moved(rewriter: Rewriter, node: Node, frame: Frame, sign: int) -> Term:
    left, right = node.this, node.expression
    if type(left).__name__ == "Interval":
        left, right = right, left
    return date_add(rewriter, rewriter.term(left, frame), right, frame, sign)


def date_add(rewriter: Rewriter, start: Term, interval: Node, frame: Frame, sign: int) -> Term:
    """A point in time moved by an INTERVAL; the kind depends on both (a date moved by hours has a time of day)."""
    from obsim.sql.time_functions import DATE_UNITS, UNITS  # noqa: PLC0415 - kept beside its use

    unit = str(interval.args["unit"].name if interval.args.get("unit") is not None else "DAY").upper()
    if unit not in UNITS:
        raise SyntaxRefused(unit, 1)
    amount = rewriter.term(interval.this, frame)
    fraction = "MICROSECOND" in unit or (amount.kind.type is MysqlType.NEWDECIMAL and unit == "SECOND")
    if isinstance(amount.literal, str) and unit == "SECOND":
        fraction = "." in amount.literal
    arguments = f"{start.sql}, {amount.sql}, '{unit}', {sign}"
    if start.kind.type is MysqlType.DATE and unit in DATE_UNITS:
        return Term(f"ob_date_add_date({arguments})", DATE)
    if start.kind.is_moment or start.kind.type is MysqlType.DATE:
        return Term(f"ob_date_add_moment({arguments})", datetime_of(6 if fraction else start.kind.decimals))
    return Term(f"ob_date_add_text({arguments})", text_of_length(29))


def _division(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    left, right = rewriter.terms([node.this, node.expression], frame)
    _no_rows(left, right)
    scale = (0 if left.kind.is_whole else left.kind.decimals) + 4
    kind = number_kind(left.kind, right.kind)
    if kind.type is MysqlType.DOUBLE:
        return Term(f"ob_divide({as_number(left)}, {as_number(right)}, -1)", DOUBLE)
    return Term(f"ob_divide({as_number(left)}, {as_number(right)}, {scale})", decimal_of(scale))


def _whole_division(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    left, right = rewriter.terms([node.this, node.expression], frame)
    return Term(f"ob_div({as_number(left)}, {as_number(right)})", INTEGER)


def remainder(left: Term, right: Term) -> Term:
    """MOD, by word, sign or function."""
    kind = number_kind(left.kind, right.kind)
    return Term(f"ob_mod({as_number(left)}, {as_number(right)})", kind.as_nullable())


def _modulo(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    return remainder(*rewriter.terms([node.this, node.expression], frame))


def _negative(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    term = rewriter.term(node.this, frame)
    if isinstance(term.literal, int):
        return Term(f"(-{term.sql})", term.kind, literal=-term.literal)
    kind = term.kind if term.kind.is_number else DOUBLE.as_nullable(term.kind.nullable)
    return Term(f"(- {as_number(term)})", replace(kind, unsigned=False))


def _bitwise(operator: str) -> Callable[[Rewriter, Node, Frame], Term]:
    def rewrite(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
        terms = rewriter.terms([node.this, node.expression], frame)
        a, b = (f"ob_whole({t.sql})" if not t.kind.is_whole else t.sql for t in terms)
        kind = INTEGER.as_nullable(any(t.kind.nullable for t in terms))
        if operator == "^":
            if rewriter.draft.session.tenant.mode == "ORACLE":
                from obsim.sql.calls import call_terms  # noqa: PLC0415 - calls need this module

                return call_terms(rewriter, "CONCAT", terms)
            return Term(f"ob_xor_bits({a}, {b})", kind)
        return Term(f"({a} {operator} {b})", kind)

    return rewrite


# --- branches, casts, forms ----------------------------------------------------------------------------------------------


def _case(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    from obsim.sql.calls import branches  # noqa: PLC0415 - calls need this module

    subject = None if node.this is None else rewriter.term(node.this, frame)
    conditions = []
    for branch in node.args["ifs"]:
        found = rewriter.term(branch.this, frame)
        conditions.append(truth(found) if subject is None else compare("=", subject, found).sql)
    results = rewriter.terms([branch.args["true"] for branch in node.args["ifs"]], frame)
    default = node.args.get("default")
    other = Term("NULL", NULL) if default is None else rewriter.term(default, frame)
    texts, kind, fold = branches([*results, other])
    whens = "".join(f" WHEN {c} THEN {t}" for c, t in zip(conditions, texts, strict=False))
    return Term(f"(CASE{whens} ELSE {texts[-1]} END)", kind, collated=fold)


def _cast(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    from obsim.sql.comparison import as_moment, as_text  # noqa: PLC0415 - kept beside its use

    term, target = rewriter.term(node.this, frame), node.args["to"]
    _no_rows(term)
    word = target.this.name
    sizes = [int(p.name) for p in target.expressions if p.name.isdigit()]
    nullable = term.kind.nullable
    if word in {"BIGINT", "INT"}:
        return Term(f"ob_whole({as_number(term)})", INTEGER.as_nullable(nullable))
    if word in {"UBIGINT", "UINT"}:
        return Term(f"ob_cast_unsigned({as_number(term)})", replace(INTEGER, nullable=nullable, unsigned=True))
    if word in {"DECIMAL", "UDECIMAL"}:
        digits, scale = (*sizes, 0)[:2] if sizes else (10, 0)
        return Term(f"ob_cast_decimal({as_number(term)}, {digits}, {scale})", decimal_of(scale, digits, nullable=nullable))
    if word in {"DOUBLE", "FLOAT"}:
        return Term(f"(0.0 + {as_number(term)})", DOUBLE.as_nullable(nullable))
    if word in {"DATETIME", "TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMPLTZ"}:
        # A literal such as TIMESTAMP '...' keeps the digits it has.
        digits = sizes[0] if sizes else 6 if isinstance(term.literal, str) and "." in term.literal and word != "DATETIME" else 0
        return Term(f"ob_moment({as_moment(term)}, {digits})", datetime_of(min(digits, 6)))
    if word == "DATE":
        return Term(f"ob_date({term.sql})", DATE)
    if word == "TIME":
        return Term(f"ob_time_only({term.sql})", TIME)
    if word in {"CHAR", "NCHAR", "VARCHAR", "NVARCHAR", "TEXT", "CHARACTER_SET", "BINARY", "VARBINARY"}:
        sql = as_text(term) if term.kind.type is not None else f"ob_text({term.sql})"
        kind = text_of_length(sizes[0] if sizes else max(term.kind.length, 1), nullable=nullable)
        binary = "BINARY" in word
        return Term(f"ob_cut({sql}, {sizes[0]})" if sizes else sql, replace(kind, binary=binary), collated=binary)
    raise NotModelled(f"CAST to {word}")


def _collate(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    term = rewriter.term(node.this, frame)
    name = node.expression.name.lower()
    binary = name == "binary" or name.endswith("_bin")
    order = "BINARY" if binary else "NOCASE"
    return replace(term, sql=f"({term.sql}) COLLATE {order}", kind=replace(term.kind, binary=binary), column=None, collated=True)


def _extract(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    from obsim.sql.time_functions import UNITS  # noqa: PLC0415 - kept beside its use

    unit = node.this.name.upper()
    if unit not in UNITS:
        raise SyntaxRefused(unit, 1)
    return Term(f"ob_extract('{unit}', {rewriter.term(node.expression, frame).sql})", INTEGER)


def _subquery(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    return rewriter.scalar(node, frame)


def _as_call(name: str, *parts: str) -> Callable[[Rewriter, Node, Frame], Term]:
    """A form the parser knows, as the plain function it stands for."""

    def rewrite(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
        from obsim.sql.calls import call  # noqa: PLC0415 - calls need this module

        nodes = [node.args[part] for part in parts if node.args.get(part) is not None]
        return call(rewriter, name, nodes, frame)

    return rewrite


def _trim(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    from obsim.sql.calls import call_terms  # noqa: PLC0415 - calls need this module

    terms = [rewriter.term(node.this, frame)]
    what = node.args.get("expression")
    terms.append(rewriter.draft.text(" ") if what is None else rewriter.term(what, frame))
    terms.append(rewriter.draft.text(str(node.args.get("position") or "BOTH").upper()))
    return call_terms(rewriter, "TRIM", terms)


def _anonymous(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    from obsim.sql.calls import call  # noqa: PLC0415 - calls need this module

    name = node.this if isinstance(node.this, str) else node.name
    return call(rewriter, unmarked(name), node.expressions, frame)


def _window(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    from obsim.sql.groups import window  # noqa: PLC0415 - groups need this module

    return window(rewriter, node, frame)


def _group_concat(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    from obsim.sql.groups import group_concat  # noqa: PLC0415 - groups need this module

    return group_concat(rewriter, node, frame)


def _concat(rewriter: Rewriter, node: Node, frame: Frame) -> Term:
    from obsim.sql.calls import call  # noqa: PLC0415 - calls need this module

    return call(rewriter, "CONCAT", node.expressions, frame)


EXPRESSIONS: dict[str, Callable[[Rewriter, Node, Frame], Term]] = {
    "Add": _arithmetic("+"),
    "And": _logic("AND"),
    "Anonymous": _anonymous,
    "Between": _between,
    "BitString": _bits,
    "BitwiseAnd": _bitwise("&"),
    "BitwiseLeftShift": _bitwise("<<"),
    "BitwiseOr": _bitwise("|"),
    "BitwiseRightShift": _bitwise(">>"),
    "BitwiseXor": _bitwise("^"),
    "Boolean": _boolean_word,
    "Case": _case,
    "Cast": _cast,
    "Collate": _collate,
    "Column": _column,
    "Concat": _concat,
    "Div": _division,
    "EQ": _comparison("="),
    "Escape": _escape,
    "Exists": _exists,
    "Extract": _extract,
    "GT": _comparison(">"),
    "GTE": _comparison(">="),
    "GroupConcat": _group_concat,
    "HexString": _hexadecimal,
    "Identifier": _identifier,
    "In": _in,
    "IntDiv": _whole_division,
    "Introducer": _introduced,
    "Is": _is,
    "LT": _comparison("<"),
    "LTE": _comparison("<="),
    "Like": _like,
    "Literal": _literal,
    "Mod": _modulo,
    "Mul": _arithmetic("*"),
    "NEQ": _comparison("<>"),
    "National": _national,
    "Neg": _negative,
    "Not": _not,
    "Null": _null,
    "NullSafeEQ": _comparison("IS"),
    "Or": _logic("OR"),
    "Parameter": _user_variable,
    "Paren": _paren,
    "RegexpLike": _regexp,
    "Select": _subquery,
    "SessionParameter": _session_parameter,
    "StrPosition": _as_call("LOCATE", "substr", "this"),
    "Sub": _arithmetic("-"),
    "Subquery": _subquery,
    "Substring": _as_call("SUBSTRING", "this", "start", "length"),
    "Trim": _trim,
    "Tuple": _tuple,
    "Union": _subquery,
    "Window": _window,
    "Xor": _xor,
}
"""Node of the parser -> how it is rewritten. What has no row is refused as not modelled."""

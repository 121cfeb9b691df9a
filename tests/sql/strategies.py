"""Hypothesis strategies for statements: every dataclass that reading can give, and texts made from the forms."""

from typing import Literal

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from obsim.client_statements import (
    Assignment,
    ClientStatement,
    DefaultValue,
    Describe,
    DoExpressions,
    DropPrepared,
    Empty,
    ExecutePrepared,
    Expression,
    Kill,
    LockTables,
    PrepareStatement,
    Query,
    SetNames,
    SetVariables,
    Show,
    TableLock,
    Transaction,
    UnlockTables,
    UseDatabase,
)
from obsim.sql.grammar.forms import PARTS, SIGNS
from obsim.sql.grammar.show import SHOW_KINDS, Clauses
from obsim.statements import (
    AdminServer,
    AdminZone,
    AlterParameters,
    AlterResourcePool,
    AlterResourceTenant,
    AlterResourceUnit,
    AlterTenant,
    BackupDatabase,
    BackupStatement,
    CallProcedure,
    CancelBackup,
    CreateResourcePool,
    CreateResourceUnit,
    CreateStandbyTenant,
    CreateTenant,
    DropResourcePool,
    DropResourceUnit,
    DropTenant,
    FlashbackTenant,
    Freeze,
    LockTenant,
    MergeResourcePools,
    NullValue,
    ParameterAction,
    PoolOption,
    PurgeRecyclebin,
    PurgeTenant,
    RenameTenant,
    ResetAction,
    ResetParameters,
    Secret,
    SetArchiveMode,
    SetDecryption,
    SetEncryption,
    ShowParameters,
    ShowTenant,
    SplitResourcePool,
    TenantOption,
    UnitOption,
    VariableSetting,
    quote_name,
    quote_text,
)
from tests.sql.grammar_forms import MORE_PARTS

texts = st.text(max_size=12) | st.sampled_from(
    ["", "'", '"', "\\", "\\'", "''", "a;b", "/*", "-- x", "%_\\%", "\n", "?"]
)
names = (
    st.sampled_from(["t1", "T1", "tenant", "backup", "all", "ALL", "select", "sys", "a`b", "中文", "5x", "a b", "$x"])
    | st.text(min_size=1, max_size=8)
)
lower_names = st.sampled_from(["ha_low_thread_score", "data_backup_dest", "select", "a b", "tenant", "x`y", "set"])
tenant_names = names | st.just("")
unsigned = st.integers(0, 2**64 - 1)
integers = st.integers(-(2**64 - 1), 2**64 - 1)
numbers = integers | st.floats(allow_nan=False)
conditions = st.sampled_from(
    ["name = 'a'", "name LIKE 'a%' AND scope IN ('TENANT')", "tenant = 't'", "x = tenant", "(a) or not b"]
)
expressions = st.sampled_from(
    ["concat(@@sql_mode, ',X')", "@@global.autocommit", "1 + 2", "@a", "(select 1)", "-(3)", "case 1 when 1 then 2 end"]
)
_MODES = st.none() | texts


def _optional(strategy: SearchStrategy[str]) -> SearchStrategy[str | None]:
    return st.none() | strategy


def _tuples(strategy: SearchStrategy[str], least: int = 0) -> SearchStrategy[tuple[str, ...]]:
    return st.lists(strategy, min_size=least, max_size=3).map(tuple)


_stored = st.one_of(
    texts,
    integers,
    st.booleans(),
    st.just(NullValue()),
    st.floats(allow_nan=False).filter(lambda v: "e" not in repr(v) or abs(v) >= 1e15 or v != int(v)),
)
_actions = st.builds(
    ParameterAction,
    name=lower_names,
    value=_stored,
    comment=_MODES,
    scope=st.sampled_from([None, "MEMORY", "SPFILE", "BOTH"]),
    server=_MODES,
    tenant=_optional(tenant_names),
) | st.builds(ParameterAction, name=lower_names, value=_stored, zone=_MODES)

_full_texts = texts.filter(bool)
_full_lists = _tuples(_full_texts, least=1)
_positive = unsigned | st.floats(min_value=0, allow_nan=False)
_unit_options = st.lists(
    st.builds(
        UnitOption,
        st.sampled_from(
            ["MAX_CPU", "MIN_CPU", "MEMORY_SIZE", "LOG_DISK_SIZE", "MAX_IOPS", "MIN_IOPS", "IOPS_WEIGHT"]
        ),
        texts | _positive,
    ),
    max_size=3,
).map(tuple)
_pool_option = st.one_of(
    st.builds(PoolOption, st.just("UNIT"), _full_texts),
    st.builds(PoolOption, st.just("UNIT_NUM"), unsigned, st.lists(unsigned, max_size=2).map(tuple)),
    st.builds(PoolOption, st.just("ZONE_LIST"), _full_lists),
    st.builds(PoolOption, st.just("REPLICA_TYPE"), _full_texts),
)
_pool_options = st.lists(_pool_option, min_size=1, max_size=3).map(tuple)
_tenant_options = st.lists(
    st.one_of(
        st.builds(TenantOption, st.just("LOCALITY"), texts, st.booleans()),
        st.builds(TenantOption, st.just("PRIMARY_ZONE"), _full_texts | st.none()),
        st.builds(TenantOption, st.sampled_from(["RESOURCE_POOL_LIST", "ZONE_LIST"]), _full_lists),
        st.builds(TenantOption, st.just("COMMENT"), texts),
        st.builds(TenantOption, st.sampled_from(["CHARSET", "COLLATE"]), _full_texts),
        st.builds(TenantOption, st.sampled_from(["REPLICA_NUM", "LOGONLY_REPLICA_NUM"]), unsigned),
        st.builds(TenantOption, st.just("DEFAULT TABLEGROUP"), names | st.none()),
        st.builds(TenantOption, st.just("ENABLE_ARBITRATION_SERVICE"), st.booleans()),
        st.builds(TenantOption, st.just("READ"), st.sampled_from(["ONLY", "WRITE"])),
    ),
    max_size=3,
).map(tuple)
_variables = st.lists(st.builds(VariableSetting, lower_names, _full_texts | _positive), max_size=3).map(tuple)

resource_statements: SearchStrategy[BackupStatement] = st.one_of(
    st.builds(CreateResourceUnit, names, _unit_options, st.booleans()),
    st.builds(AlterResourceUnit, names, _unit_options),
    st.builds(DropResourceUnit, names, st.booleans()),
    st.builds(CreateResourcePool, names, _pool_options, st.booleans()),
    st.builds(AlterResourcePool, names, _pool_options),
    st.builds(DropResourcePool, names, st.booleans()),
    st.builds(SplitResourcePool, names, _full_lists, _full_lists),
    st.builds(MergeResourcePools, _full_lists, _full_lists),
    st.builds(AlterResourceTenant, names, unsigned, st.lists(unsigned, max_size=2).map(tuple)),
    st.builds(CreateTenant, names, _tenant_options, _variables, st.booleans()),
    st.builds(CreateStandbyTenant, names, _MODES, _tenant_options, st.booleans()),
    st.builds(AlterTenant, names, _tenant_options, _variables).filter(lambda s: bool(s.options or s.variables)),
    st.builds(RenameTenant, names, names),
    st.builds(LockTenant, names, st.booleans()),
    st.builds(DropTenant, names, st.booleans(), st.sampled_from(["", "FORCE", "PURGE"])),
    st.builds(PurgeTenant, names),
    st.just(PurgeRecyclebin()),
    st.builds(FlashbackTenant, names, _optional(names)),
    st.builds(
        AdminServer,
        st.sampled_from(["ADD", "DELETE", "CANCEL DELETE", "START", "STOP", "FORCE STOP", "ISOLATE"]),
        _tuples(texts, least=1),
        _optional(_full_texts),
    ),
    st.builds(
        AdminZone, st.sampled_from(["ADD", "DELETE", "START", "STOP", "FORCE STOP", "ISOLATE"]), _full_texts
    ),
    st.builds(AdminZone, st.just("ADD"), _full_texts, _optional(_full_texts), _optional(_full_texts)),
    st.builds(AdminZone, st.just("ALTER"), _full_texts, _full_texts, _optional(_full_texts), _optional(_full_texts)),
)

own_statements: SearchStrategy[BackupStatement] = st.one_of(
    st.builds(
        BackupDatabase,
        incremental=st.booleans(),
        tenants=st.none() | _tuples(tenant_names),
        path=_MODES,
        plus_archivelog=st.booleans(),
        description=_MODES,
    ),
    st.builds(CancelBackup, _tuples(tenant_names)),
    st.builds(SetArchiveMode, st.booleans(), _tuples(tenant_names), _MODES),
    st.builds(Freeze, st.just(True), _tuples(tenant_names), st.none(), st.none() | unsigned),
    st.builds(
        Freeze,
        major=st.just(False),
        tenants=_tuples(tenant_names),
        log_stream_id=st.none() | unsigned,
        tablet_id=st.none() | unsigned,
        servers=_tuples(texts),
        zone=_MODES,
    ),
    st.builds(AlterParameters, st.lists(_actions, min_size=1, max_size=3).map(tuple)),
    st.builds(
        ResetParameters,
        st.lists(
            st.builds(ResetAction, lower_names, st.sampled_from([None, "BOTH"]), _optional(tenant_names)),
            min_size=1,
            max_size=3,
        ).map(tuple),
    ),
    st.builds(SetEncryption, st.builds(Secret, texts)),
    st.builds(SetDecryption, st.lists(st.builds(Secret, texts), min_size=1, max_size=3).map(tuple)),
    st.builds(ShowParameters, tenant=_optional(tenant_names)),
    st.builds(ShowParameters, like=texts, escape=_MODES, tenant=_optional(tenant_names)),
    st.builds(ShowParameters, where=conditions, tenant=_optional(tenant_names)),
    st.builds(ShowTenant, st.booleans()),
    st.builds(
        CallProcedure,
        st.sampled_from(["obsim", "", "a b"]),
        st.sampled_from(["advance", "run_until_idle", "reset", "x.y"]),
        st.lists(st.none() | texts | numbers, max_size=4).map(tuple),
    ),
)

_literals = st.none() | texts | numbers | st.just(DefaultValue()) | expressions.map(Expression)
_assignments = st.builds(
    Assignment,
    scope=st.sampled_from(["session", "global", "user"]),
    name=st.sampled_from(["autocommit", "a.b", "names", "x y"]),
    value=_literals,
)


@st.composite
def shows(draw: DrawFn) -> Show:
    """Any SHOW of the table of kinds, with clauses it can have."""
    kind, clauses = draw(st.sampled_from(sorted(SHOW_KINDS.values(), key=repr)))
    needs_object = clauses.table or clauses.name
    table = draw(names) if needs_object or (clauses.user and draw(st.booleans())) else None
    schema = draw(_optional(names)) if clauses.schema or clauses.name else None
    like = draw(_MODES) if clauses.like else None
    where = draw(_optional(conditions)) if like is None and (clauses.like or clauses.where) else None
    full = kind in {"TABLES", "COLUMNS", "PROCESSLIST"} and draw(st.booleans())
    scope: Literal["session", "global"] = "session"
    if kind in {"VARIABLES", "STATUS"} and draw(st.booleans()):
        scope = "global"
    limit = draw(st.none() | st.tuples(unsigned, unsigned)) if clauses == Clauses(limit=True) else None
    return Show(kind, schema, table, like, where, full, scope, limit)


client_statements: SearchStrategy[ClientStatement] = st.one_of(
    expressions.map(lambda text: Query(f"SELECT {text}")),
    st.just(Empty()),
    names.map(UseDatabase),
    st.lists(_assignments, min_size=1, max_size=3).map(lambda items: SetVariables(tuple(items))),
    st.builds(SetNames, _MODES, _MODES),
    shows(),
    st.builds(Describe, _optional(names), names, _MODES),
    st.builds(Kill, unsigned, st.booleans()),
    st.builds(PrepareStatement, names, texts),
    st.builds(PrepareStatement, names, st.none(), lower_names),
    st.builds(ExecutePrepared, names, _tuples(lower_names)),
    st.builds(DropPrepared, names),
    expressions.map(DoExpressions),
    st.builds(
        LockTables,
        st.lists(
            st.builds(
                TableLock, names, _optional(names), _optional(names),
                st.sampled_from(["READ", "READ LOCAL", "WRITE", "LOW_PRIORITY WRITE"]),
            ),
            min_size=1, max_size=3,
        ).map(tuple),
    ),
    st.just(UnlockTables()),
    st.builds(Transaction, st.sampled_from(["SAVEPOINT", "ROLLBACK TO", "RELEASE SAVEPOINT"]), names),
    st.builds(
        Transaction,
        st.sampled_from(["COMMIT", "ROLLBACK"]),
        st.none(),
        st.sampled_from([(), ("AND CHAIN",), ("AND NO CHAIN", "RELEASE"), ("NO RELEASE",)]),
    ),
    st.builds(
        Transaction,
        st.just("BEGIN"),
        st.none(),
        st.sampled_from([(), ("READ ONLY",), ("WITH CONSISTENT SNAPSHOT", "READ WRITE")]),
    ),
    st.builds(
        Transaction,
        st.just("SET TRANSACTION"),
        st.none(),
        st.sampled_from([("READ ONLY",), ("ISOLATION LEVEL READ COMMITTED", "READ WRITE")]),
        st.sampled_from([None, "session", "global"]),
    ),
)

statements = own_statements | resource_statements | client_statements


def _no_clause(name: str) -> bool:
    """A bare name of a clause, or of a verb of ALTER SYSTEM, would be read as that."""
    return name.upper() not in {"TENANT", "SERVER", "ZONE", "SCOPE", "COMMENT"}


_TERMINALS: dict[str, SearchStrategy[str]] = {
    "name": names.map(quote_name),
    "tenant": tenant_names.map(lambda n: quote_name(n) if n else "''"),
    "string": texts.map(quote_text),
    "text": texts.filter(bool).map(quote_text),
    "integer": unsigned.map(str),
    "number": (integers | st.decimals(-9999, 9999, places=2)).map(str),
    "member": names.map(quote_name),
    "rest": st.sampled_from(["", "x = 'y', (1)"]),
    "parameter": (lower_names.filter(lambda n: n != "tenant") | names.filter(_no_clause)).map(quote_name),
    "condition": conditions,
    "expression": expressions,
}


@st.composite
def form_texts(draw: DrawFn, form: str) -> str:
    """A text that fits `form`: each choice taken by the strategy."""
    words: list[str] = []
    signs = SIGNS.findall(form)
    assert _expand(draw, signs, 0, words, taken=True) == len(signs)
    return " ".join(words)


def _expand(draw: DrawFn, signs: list[str], at: int, words: list[str], *, taken: bool) -> int:
    """One sequence, up to the bracket that closes it; only what is taken goes to `words`."""
    while at < len(signs) and signs[at] not in {"]", "}"}:
        sign = signs[at]
        found: list[str] = []
        if sign in {"[", "{"}:
            at = _choose(draw, signs, at + 1, found, taken=taken and (sign == "{" or draw(st.booleans())))
        elif taken:
            found.append(_written(draw, sign))
        at += 1
        if at < len(signs) and signs[at] in {",..", ".."}:
            found *= draw(st.integers(1, 2)) if signs[at] == ".." else 1
            at += 1
        words += found
    return at


def _choose(draw: DrawFn, signs: list[str], at: int, words: list[str], *, taken: bool) -> int:
    """One of the alternatives up to the closing bracket, whose place is returned."""
    options: list[list[str]] = [[]]
    depth = 0
    while depth or signs[at] not in {"]", "}"}:
        depth += (signs[at] in {"[", "{"}) - (signs[at] in {"]", "}"})
        if signs[at] == "|" and not depth:
            options.append([])
        else:
            options[-1].append(signs[at])
        at += 1
    if taken:
        option = draw(st.sampled_from(options))
        assert _expand(draw, option, 0, words, taken=True) == len(option)
    return at


def _written(draw: DrawFn, sign: str) -> str:
    part = PARTS.get(sign) or MORE_PARTS.get(sign)
    if part is not None:
        return draw(form_texts(part))
    return draw(_TERMINALS[sign]) if sign in _TERMINALS else sign

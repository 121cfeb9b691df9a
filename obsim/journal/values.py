"""Inputs of a cluster as plain JSON, and back: statements as SQL, secrets by name."""

from array import array
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, cast

from pyroaring import BitMap64

from obsim.answers import MysqlType, TypedText, Value
from obsim.cluster import Principal
from obsim.cluster.accounts import digest_of, password_digest
from obsim.errors import SyntaxRefused
from obsim.ids import TenantId
from obsim.journal.secrets import Secrets
from obsim.scenario.bitmaps import bitmap_text, read_bitmap
from obsim.session import inputs
from obsim.statements import BackupStatement, Secret
from obsim.statements.text import Digest, secret_places

if TYPE_CHECKING:
    from obsim.control import Argument
    from obsim.session import SessionHost

__all__ = ["KIND_OF", "read_input", "settled", "written_input"]


def written_input(command: inputs.Input, secrets: Secrets) -> dict[str, Any]:
    """An input as JSON. Raises ServerError for a text that cannot be written."""
    return _FORMS[type(command)][1](command, secrets)


def read_input(kind: str, body: Mapping[str, Any], host: "SessionHost", secrets: Secrets) -> inputs.Input:
    """The input again, as the version of `host` reads it. Raises SecretMissing, and ValueError for what is none."""
    found = next((form for named, form in _FORMS.items() if KIND_OF[named] == kind), None)
    if found is None:
        raise ValueError(f"there is no input '{kind}'")
    return found[0](body, host, secrets)


def settled(command: inputs.Input) -> inputs.Input:
    """The same input with digests in the place of passwords: it does the same."""
    if isinstance(command, inputs.Execute | inputs.OrderSchedule):
        if not next(secret_places(command.statement.sql()), None):
            return command  # what its principal has is written as digests in any case
        return replace(command, statement=_digested(command.statement))
    if isinstance(command, inputs.ChangeBlocks) and not isinstance(command.positions, array):
        return replace(command, positions=array("Q", command.positions))
    return command


# Passwords.


def _digested(thing: Any) -> Any:
    """A value with digests for passwords, in whatever of its fields they are; itself where it has none."""
    kind = type(thing).__name__
    changed: dict[str, Any] = {}
    for field in fields(thing):
        value = getattr(thing, field.name)
        if isinstance(value, Secret):
            fresh: Any = value if field.name in {"access_info", "attribute", "path"} else _digest(thing, value)
            if fresh is not value and kind in {"AccountSpec", "SetPassword"}:
                changed["hashed"] = True
        elif isinstance(value, tuple):
            fresh = tuple(map(_digested_item, value))
            fresh = value if all(a is b for a, b in zip(fresh, value, strict=True)) else fresh
        else:
            fresh = _digested_item(value)
        if fresh is not value:
            changed[field.name] = fresh
    return replace(thing, **changed) if changed else thing


def _digested_item(value: Any) -> Any:
    if isinstance(value, Secret):
        return value if isinstance(value, Digest) else Digest(digest_of(value))
    is_statement = type(value).__module__.startswith("obsim.statements") and hasattr(value, "__dataclass_fields__")
    return _digested(value) if is_statement else value


def _digest(thing: Any, password: Secret) -> Secret:
    if isinstance(password, Digest):
        return password
    if type(thing).__name__ not in {"AccountSpec", "SetPassword"}:
        return Digest(digest_of(password))
    if thing.hashed or not password.reveal:
        return password
    return Secret("*" + password_digest(password.reveal).hex().upper())


# Values.


def _value(value: Value, secrets: Secrets) -> Any:
    match value:
        case TypedText():
            return {"typed": str(value), "type": int(value.type)}
        case bytes():
            return {"hex": value.hex()}
        case str():
            return secrets.conceal(value)
    return value


def _read_value(told: Any, secrets: Secrets) -> Value:
    match told:
        case {"typed": str(text), "type": int(number)}:
            return TypedText(text, MysqlType(number))
        case {"hex": str(digits)}:
            return bytes.fromhex(digits)
        case {"fence": _} | str():
            return secrets.reveal(told)
    return cast(Value, told)


_MORE_OF_WHO = [(field.name, field.default) for field in fields(Principal)[2:]]


def _who(who: Principal, secrets: Secrets) -> dict[str, Any]:
    told: dict[str, Any] = {"tenant": who.tenant_id, "user": who.user}
    for name, default in _MORE_OF_WHO:
        value = getattr(who, name)
        if value == default:
            continue
        if isinstance(value, Secret):
            told[name] = secrets.name_of(digest_of(value), "password")
        elif isinstance(value, tuple):
            told[name] = [secrets.name_of(digest_of(one), "password") for one in value]
        else:
            told[name] = _value(value, secrets)
    return told


def _read_who(told: Mapping[str, Any], secrets: Secrets) -> Principal:
    rest = {name: value for name, value in told.items() if name not in {"tenant", "user"}}
    for name, value in rest.items():
        if name == "encryption":
            rest[name] = Digest(secrets.value_of(value))
        elif name == "decryption":
            rest[name] = tuple(Digest(secrets.value_of(one)) for one in value)
        else:
            rest[name] = _read_value(value, secrets)
    return Principal(TenantId(told["tenant"]), told["user"], **rest)


def _read_sql(told: Any, host: "SessionHost", secrets: Secrets) -> BackupStatement:
    text = secrets.reveal(told)
    try:
        statement = host.read(text)
    except SyntaxRefused as refused:
        raise ValueError(f"it is no statement: {refused.message}") from None
    if not isinstance(statement, BackupStatement):
        raise ValueError("it is no statement that a cluster carries out")  # noqa: TRY004 - a wrong value of a file
    return statement


# Inputs.


def _execute(command: inputs.Execute, secrets: Secrets) -> dict[str, Any]:
    return {"who": _who(command.who, secrets), "sql": secrets.conceal(command.statement.sql())}


def _read_execute(body: Mapping[str, Any], host: "SessionHost", secrets: Secrets) -> inputs.Execute:
    return inputs.Execute(_read_who(body["who"], secrets), _read_sql(body["sql"], host, secrets))


def _schedule(command: inputs.OrderSchedule, secrets: Secrets) -> dict[str, Any]:
    told = {"who": _who(command.who, secrets), "sql": secrets.conceal(command.statement.sql())}
    return {"every_ns": command.every_ns, **told}


def _read_schedule(body: Mapping[str, Any], host: "SessionHost", secrets: Secrets) -> inputs.OrderSchedule:
    return inputs.OrderSchedule(
        int(body["every_ns"]), _read_who(body["who"], secrets), _read_sql(body["sql"], host, secrets)
    )


def _call(command: inputs.Call, secrets: Secrets) -> dict[str, Any]:
    return {"name": command.name, "arguments": [_value(argument, secrets) for argument in command.arguments]}


def _read_call(body: Mapping[str, Any], _host: "SessionHost", secrets: Secrets) -> inputs.Call:
    arguments = tuple(cast("Argument", _read_value(told, secrets)) for told in body["arguments"])
    return inputs.Call(body["name"], arguments)


def _globals(command: inputs.SetGlobals, secrets: Secrets) -> dict[str, Any]:
    return {"tenant": command.tenant_id, "variables": [[n, _value(v, secrets)] for n, v in command.variables]}


def _read_globals(body: Mapping[str, Any], _host: "SessionHost", secrets: Secrets) -> inputs.SetGlobals:
    variables = tuple((str(name), _read_value(told, secrets)) for name, told in body["variables"])
    return inputs.SetGlobals(TenantId(body["tenant"]), variables)


def _meet(command: inputs.Meet, secrets: Secrets) -> dict[str, Any]:
    return {"tenant": command.tenant, "text": secrets.conceal(command.text)}


def _read_meet(body: Mapping[str, Any], _host: "SessionHost", secrets: Secrets) -> inputs.Meet:
    return inputs.Meet(body["tenant"], secrets.reveal(body["text"]))


def _blocks(command: inputs.ChangeBlocks, _secrets: Secrets) -> dict[str, Any]:
    return {"tenant": command.tenant, "positions": bitmap_text(BitMap64(command.positions))}


def _read_blocks(body: Mapping[str, Any], _host: "SessionHost", _secrets: Secrets) -> inputs.ChangeBlocks:
    return inputs.ChangeBlocks(body["tenant"], array("Q", read_bitmap(body["positions"])))


def _named(kind: Callable[[str], inputs.Input]) -> tuple[Any, Any]:
    return lambda body, _host, _secrets: kind(body["name"]), lambda command, _secrets: {"name": command.name}


_FORMS: dict[type, tuple[Callable[..., inputs.Input], Callable[[Any, Secrets], dict[str, Any]]]] = {
    inputs.Call: (_read_call, _call),
    inputs.ChangeBlocks: (_read_blocks, _blocks),
    inputs.Execute: (_read_execute, _execute),
    inputs.Meet: (_read_meet, _meet),
    inputs.OrderSchedule: (_read_schedule, _schedule),
    inputs.Reset: (lambda *_: inputs.Reset(), lambda *_: {}),
    inputs.RestoreSnapshot: _named(inputs.RestoreSnapshot),
    inputs.SetGlobals: (_read_globals, _globals),
    inputs.TakeSnapshot: _named(inputs.TakeSnapshot),
}
"""Kind of input -> how it is read, how it is written."""

KIND_OF = {
    inputs.Call: "call", inputs.ChangeBlocks: "blocks", inputs.Execute: "execute", inputs.Meet: "meet",
    inputs.OrderSchedule: "schedule", inputs.Reset: "reset", inputs.RestoreSnapshot: "restore_snapshot",
    inputs.SetGlobals: "globals", inputs.TakeSnapshot: "snapshot",
}  # fmt: skip
"""And what it is called."""

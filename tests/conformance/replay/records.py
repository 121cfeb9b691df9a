"""Recorded answers of a real engine, as facts: what was sent, and what came back.

Two forms are read: the recordings as they were taken (a header, then a JSON object a statement), and `fixtures/replay/
records.jsonl`, which holds of one engine what a replay compares.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["ENGINE", "Answer", "Column", "Record", "condensed", "read_records"]

ENGINE = "seekdb-1.2.0.0"
"""The recorded engine that still has the backup grammar; it reports OceanBase 4.3.5.3."""
UNPRIVILEGED = "unprivileged user"
_REPEATED = tuple(map(re.compile, ("SHOW PARAMETERS", "SHOW VARIABLES", "SHOW CREATE (?:VIEW|TABLE)", r"DESC\b")))
"""Statements whose columns the recordings give only once."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column definition on the wire."""

    name: str
    type: int
    length: int
    charset: int
    flags: int
    decimals: int


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: an error (`errno` not 0), or success with columns (None: no result set, or not recorded)."""

    errno: int = 0
    sqlstate: str = ""
    message: str = ""
    columns: tuple[Column, ...] | None = None
    warnings: tuple[tuple[str, int, str], ...] | None = None
    """What SHOW WARNINGS said right after, five at most; None where it was not asked."""
    packet: str = ""
    """First packet of a raw command as hex, where that is all that was recorded."""


@dataclass(frozen=True, slots=True)
class Record:
    """What was sent and all its answers (several for a text of several statements)."""

    number: int
    kind: str
    """connect, sql, multi, init_db, ping or raw."""
    user: str
    text: str
    answers: tuple[Answer, ...]


def read_records(path: Path) -> list[Record]:
    """All records of the file, those of `ENGINE` where it is a recording of several."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    if "about" in rows[0]:
        return list(_of_recording([row for row in rows[1:] if row["engine"] == ENGINE]))
    return [_of_facts(row) for row in rows]


def condensed(records: list[Record]) -> str:
    """The records as `fixtures/replay/records.jsonl` has them."""
    return "".join(json.dumps(_facts(record), ensure_ascii=False) + "\n" for record in records)


# Recordings.


def _of_recording(rows: list[dict[str, Any]]) -> Iterator[Record]:
    columns: dict[re.Pattern[str], tuple[Column, ...]] = {}
    for number, row in enumerate(rows):
        kind, text = _sent(row)
        if not kind:
            continue
        user = "u1" if row.get("group", "").startswith(UNPRIVILEGED) else "root"
        if kind == "multi":
            answers = tuple(_of_result(result) for result in row["results"])
        else:
            answers = (_answer(row, columns),)
        yield Record(number, kind, user, text, answers)


def _sent(row: dict[str, Any]) -> tuple[str, str]:
    for key, kind in (("connect", "connect"), ("db", "init_db"), ("command", "raw")):
        if key in row:
            return kind, row[key]
    if "sql" in row:
        return "multi" if "results" in row else "sql", row["sql"]
    return ("ping", "") if row["group"] == "COM_PING" else ("", "")


def _answer(row: dict[str, Any], columns: dict[re.Pattern[str], tuple[Column, ...]]) -> Answer:
    if "errno" in row:
        same = ("Error", row["errno"], row["message"])
        said = row.get("show_warnings")
        return Answer(row["errno"], row["sqlstate"], row["message"], warnings=(same,) if said else None)
    if "first_packet_hex" in row:
        return Answer(packet=row["first_packet_hex"])
    known = None
    if "columns" in row:
        known = tuple(map(_of_column, row["columns"]))
    key = next((start for start in _REPEATED if start.match(row.get("sql", ""))), None)
    if key is not None and "rows" in row:
        known = columns.setdefault(key, known) if known else columns.get(key)
    said = row.get("show_warnings")
    warnings = None if said is None else tuple((level, code, text) for level, code, text in said)
    return Answer(columns=known, warnings=warnings)


def _of_column(row: dict[str, Any]) -> Column:
    return Column(row["name"], row["type_code"], row["length"], row["charsetnr"], row["flags"], row["decimals"])


def _of_result(result: Any) -> Answer:
    if isinstance(result, dict):
        return Answer(result["errno"], result["sqlstate"], result["message"])
    return Answer()


# Facts.


def _facts(record: Record) -> dict[str, Any]:
    return {
        "number": record.number,
        "kind": record.kind,
        "user": record.user,
        "text": record.text,
        "answers": [_answer_facts(answer) for answer in record.answers],
    }


def _answer_facts(answer: Answer) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    if answer.errno:
        facts["error"] = [answer.errno, answer.sqlstate, answer.message]
    if answer.columns is not None:
        facts["columns"] = [[c.name, c.type, c.length, c.charset, c.flags, c.decimals] for c in answer.columns]
    if answer.warnings is not None:
        facts["warnings"] = [list(warning) for warning in answer.warnings]
    if answer.packet:
        facts["packet"] = answer.packet
    return facts


def _of_facts(row: dict[str, Any]) -> Record:
    answers = tuple(
        Answer(
            *facts.get("error", (0, "", "")),
            columns=tuple(Column(*column) for column in facts["columns"]) if "columns" in facts else None,
            warnings=tuple((w[0], w[1], w[2]) for w in facts["warnings"]) if "warnings" in facts else None,
            packet=facts.get("packet", ""),
        )
        for facts in row["answers"]
    )
    return Record(row["number"], row["kind"], row["user"], row["text"], answers)

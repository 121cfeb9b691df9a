"""What clients have said: every statement with its session, time and outcome, and assertions about them for tests.

    server.journal.expect("BACKUP INCREMENTAL", tenant="mysql_tenant", times=1)

Statements stand there without their secrets. What controls obsim (CALL obsim...) is the test's own and is left out.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import islice

from obsim.ids import Nanoseconds
from obsim.statements.matching import holds, line_of, words_of

__all__ = ["KEPT_MAX", "ExpectationFailed", "Journal", "StatementRecord"]

KEPT_MAX = 10_000
"""The oldest statements go first."""
TEXT_LENGTH_MAX = 4_000
"""Of a longer statement the beginning is kept."""
TALLIED_AT_ONCE = 1_000
"""Statements are counted by their first words so many at a time: an answer that is kept should not wait for it."""
TALLIES_MAX = 5_000
WORDS_TALLIED = 4
MISSES_SHOWN = 3
SHOWN_LENGTH_MAX = 200


class ExpectationFailed(AssertionError):
    """The journal does not hold what a test expects; the text shows what comes nearest."""


@dataclass(frozen=True, slots=True)
class StatementRecord:
    """One statement, answered at `at_ns` of virtual time; `errno` is 0 where it succeeded."""

    statement_id: int
    session_id: int
    tenant: str
    user: str
    at_ns: Nanoseconds
    text: str
    errno: int
    row_count: int
    """Rows in the answer, or rows that it says were affected."""
    elapsed_ns: int = 0
    """Virtual time that passed from when it was asked."""

    def shown(self) -> str:
        """One line for reports."""
        text = " ".join(self.text.split())
        cut = text if len(text) <= SHOWN_LENGTH_MAX else text[: SHOWN_LENGTH_MAX - 3] + "..."
        return f"{self.user}@{self.tenant}: {cut}{f'  -> error {self.errno}' if self.errno else ''}"


class Journal:
    """The newest statements of a cluster, oldest first."""

    def __init__(self) -> None:
        self._records: deque[StatementRecord] = deque(maxlen=KEPT_MAX)
        self.count = 0
        """Statements so far, those that are not kept any more included."""
        self.on_record: Callable[[StatementRecord], None] | None = None
        """Told of every statement, for a log."""
        self._tallied_count = 0
        self._tallies: dict[tuple[str, int], int] = {}

    def add(
        self, session_id: int, tenant: str, user: str, at_ns: Nanoseconds, text: str, errno: int, row_count: int,
        elapsed_ns: int = 0,
    ) -> None:  # fmt: skip
        """Note a statement that has been answered."""
        self.count += 1
        text = text if len(text) <= TEXT_LENGTH_MAX else f"{text[: TEXT_LENGTH_MAX - 3]}..."
        record = StatementRecord(self.count, session_id, tenant, user, at_ns, text, errno, row_count, elapsed_ns)
        self._records.append(record)
        if self.on_record is not None:
            self.on_record(record)
        if self.count - self._tallied_count >= TALLIED_AT_ONCE:
            self._tally()

    def _tally(self) -> None:
        """Count the statements that have come since the last time."""
        for record in islice(reversed(self._records), self.count - self._tallied_count):
            words = " ".join(record.text[:80].upper().split()[:WORDS_TALLIED])
            key = (words, record.errno)
            if key not in self._tallies and len(self._tallies) >= TALLIES_MAX:
                key = ("", record.errno)
            self._tallies[key] = self._tallies.get(key, 0) + 1
        self._tallied_count = self.count

    def tallies(self) -> dict[tuple[str, int], int]:
        """How many statements there were by first four words, in capitals, and errno; a reset takes none back.

        Beyond so many different ones the words are ''.
        """
        self._tally()
        return self._tallies

    def begin(self, records: Sequence[StatementRecord]) -> None:
        """Have these statements and no others; the numbers go on behind them."""
        self._tally()
        self._records.clear()
        self._records += records
        self.count = self._tallied_count = records[-1].statement_id if records else 0

    def records(self) -> list[StatementRecord]:
        """All that are kept, oldest first."""
        return list(self._records)

    def find(
        self, words: str = "", *, tenant: str | None = None, user: str | None = None, failed: bool | None = None
    ) -> list[StatementRecord]:
        """The statements that hold `words` in that order (`*` for anything between, letter case does not count).

        `failed` True asks for those that ended with an error, False for the others.
        """
        wanted = words_of(words)
        return [
            record
            for record in self._records
            if tenant in {None, record.tenant} and user in {None, record.user}
            and failed in {None, bool(record.errno)} and holds(line_of(record.text), wanted)
        ]  # fmt: skip

    def expect(
        self,
        words: str,
        *,
        tenant: str | None = None,
        user: str | None = None,
        failed: bool | None = None,
        times: int | None = None,
    ) -> list[StatementRecord]:
        """`find`, and there must be exactly `times`, or at least one without it.

        Raises ExpectationFailed, an AssertionError, that shows what was found or comes nearest.
        """
        found = self.find(words, tenant=tenant, user=user, failed=failed)
        if len(found) == times or (times is None and found):
            return found
        conditions = {"tenant": tenant, "user": user, "failed": failed}
        asked = "".join(f", {name}={value!r}" for name, value in conditions.items() if value is not None)
        wanted = "at least once" if times is None else f"{times} times"
        lines = [f"expected {words!r}{asked} {wanted}, found it {len(found)} times among {self.count} statements"]
        if found:
            lines += [f"  found: {record.shown()}" for record in found[-MISSES_SHOWN:]]
        else:
            lines += [f"  nearest: {record.shown()}" for record in _nearest(words, self._records)]
        raise ExpectationFailed("\n".join(lines))


def _nearest(words: str, records: Iterable[StatementRecord]) -> list[StatementRecord]:
    """The statements most like the words, each text once, the most alike first."""
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(line_of(words))
    scores: dict[str, tuple[float, StatementRecord]] = {}
    for record in records:
        line = line_of(record.text)[:SHOWN_LENGTH_MAX]
        if line not in scores:
            matcher.set_seq1(line)
            shared = sum(block.size for block in matcher.get_matching_blocks())
            scores[line] = (shared / max(len(words), 1), record)
    ranked = sorted(scores.values(), key=lambda pair: (-pair[0], pair[1].statement_id))
    return [record for _, record in ranked[:MISSES_SHOWN]]

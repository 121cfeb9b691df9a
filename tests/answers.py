"""What a session without a socket answers: rows, and refusals as (errno, SQLSTATE, text)."""

import pytest

from obsim.answers import Answer, ResultSet, Value
from obsim.errors import ServerError
from obsim.session import Pending, Session


def done(answer: Answer | Pending) -> Answer:
    return answer.run() if isinstance(answer, Pending) else answer


def rows(session: Session, text: str) -> list[tuple[Value, ...]]:
    answer = done(session.execute(text))
    assert isinstance(answer, ResultSet)
    return [tuple(row) for row in answer.rows]


def refused(session: Session, text: str) -> tuple[int, str, str]:
    with pytest.raises(ServerError) as caught:
        done(session.execute(text))
    return caught.value.errno, caught.value.sqlstate, caught.value.message

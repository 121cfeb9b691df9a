"""The cells of the support matrix: every example is run in every version, on a cluster of its own."""

from collections.abc import Iterable

from obsim.api import Cluster
from obsim.errors import ServerError
from obsim.support.examples import EXAMPLES, Example
from obsim.versions import PROFILES

__all__ = ["VERSIONS", "outcome_of", "statement_rows"]

VERSIONS = tuple(PROFILES)
_NOT_MODELLED = "obsim does not model"


def outcome_of(example: Example, version: str) -> str:
    """`acts`, `answers`, `not yet`, or `refused (errno)`. Raises ServerError where what comes before it is refused."""
    cluster = Cluster(example.scenario, version=version)
    for text in example.setup:
        cluster.execute(text)
    try:
        cluster.execute(example.sql, tenant="t1" if example.user else "sys")
    except ServerError as refused:
        return "not yet" if _NOT_MODELLED in refused.message else f"refused ({refused.errno})"
    return example.depth.value


def statement_rows(versions: Iterable[str] = VERSIONS) -> list[tuple[str, str, tuple[str, ...]]]:
    """Family, form and what comes of it in each version."""
    wanted = tuple(versions)
    return [
        (family, example.form, tuple(outcome_of(example, version) for version in wanted))
        for family, examples in EXAMPLES.items()
        for example in examples
    ]

"""The control procedures of obsim as a statement."""

from dataclasses import dataclass

from obsim.statements.base import BackupStatement
from obsim.statements.text import number_text, quote_name, quote_text

__all__ = ["CallProcedure"]


@dataclass(frozen=True, slots=True)
class CallProcedure(BackupStatement):
    """CALL obsim.name(argument, ...): the control procedures. `schema` and `name` are lower case; no schema is ''."""

    schema: str
    name: str
    arguments: tuple[str | int | float | None, ...] = ()

    def sql(self) -> str:
        """The statement as SQL."""
        schema = f"{quote_name(self.schema)}." if self.schema else ""
        return f"CALL {schema}{quote_name(self.name)}({', '.join(map(_argument_text, self.arguments))})"


def _argument_text(value: str | float | None) -> str:
    if value is None:
        return "NULL"
    return quote_text(value) if isinstance(value, str) else number_text(value)

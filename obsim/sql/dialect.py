"""The sqlglot dialect `oceanbase`: MySQL, and OceanBase's own statements as the dataclasses of `obsim.statements`.

Only `Dialect` and `Tokenizer` are subclassed. With compiled sqlglot (`sqlglot[c]`) every other class of it refuses
subclasses when they are instantiated (stack.md, section 2), so statements of OceanBase are read by `obsim.sql.reader`
and everything else by the stock MySQL parser.
"""

import logging
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.mysql import MySQL
from sqlglot.errors import ParseError
from sqlglot.tokenizer_core import TokenType
from sqlglot.tokens import Tokenizer

from obsim.errors import ServerError, SyntaxRefused

__all__ = ["OceanBase", "StatementTokenizer"]

# sqlglot warns about statements it does not know by quoting them, passwords included.
_logger = logging.getLogger("sqlglot")
if _logger.level == logging.NOTSET:
    _logger.setLevel(logging.ERROR)

_OPERATORS = ("==", ">=", "<=", "<>", "!=", ":=", "<=>", "||", "&&", "->", "->>")


class StatementTokenizer(MySQL.Tokenizer):
    """MySQL's quotes, escapes and comments, but every word is plain: its place decides whether it is a keyword."""

    BIT_STRINGS: ClassVar[list[str | tuple[str, str]]] = []
    HEX_STRINGS: ClassVar[list[str | tuple[str, str]]] = [("0x", "")]
    KEYWORDS: ClassVar[dict[str, TokenType]] = {o: Tokenizer.KEYWORDS[o] for o in _OPERATORS}
    COMMANDS: ClassVar[set[TokenType]] = set()


class OceanBase(MySQL):
    """OceanBase in MySQL mode, known to sqlglot as `oceanbase`.

    `sqlglot.parse("ALTER SYSTEM BACKUP DATABASE", dialect="oceanbase")` gives `[BackupDatabase()]`; what MySQL knows
    too gives sqlglot's expressions. What OceanBase answers with 1064 raises sqlglot's ParseError, its `errors` filled.
    """

    def parse(self, sql: str, **opts: Any) -> list[Any]:
        """One item a statement: a dataclass of `obsim.statements`, an expression, or None for an empty one."""
        from obsim.sql.reader import (  # noqa: PLC0415 - the reader needs the tokenizer of this module
            is_own_statement,
            read_statement,
            split_statements,
        )

        try:
            pieces = split_statements(sql)
            if not any(map(is_own_statement, pieces)):
                return super().parse(sql, **opts)
            found: list[Any] = []
            for piece in pieces:
                found += [read_statement(piece)] if is_own_statement(piece) else super().parse(piece, **opts)
        except SyntaxRefused as refused:
            raise ParseError.new(
                refused.message, description=refused.message, line=refused.line, highlight=refused.near
            ) from refused
        except ServerError as failed:
            raise ParseError(failed.message) from failed
        return found

    def generate(self, expression: Any, copy: bool = True, **opts: Any) -> str:
        """The statement as SQL, whether it is a dataclass of `obsim.statements` or an expression."""
        if isinstance(expression, exp.Expr):
            return super().generate(expression, copy=copy, **opts)
        text: str = expression.sql()
        return text

"""Errors of SELECT that have no row in the table of OceanBase codes, one function each; texts as MySQL prints them."""

from obsim.errors import ServerError, error

__all__ = [
    "ambiguous_column", "bad_group_term", "column_counts_differ", "duplicate_column", "group_function_misused",
    "illegal_double", "no_such_function", "out_of_range", "query_too_large", "result_too_large", "rows_more_than_one",
    "statement_too_costly", "unknown_column", "unknown_table", "wrong_argument_count", "wrong_arguments",
    "wrong_column_count",
]


def illegal_double(text: str) -> ServerError:
    """1367: a number beyond doubles."""
    message = f"Illegal double '{text}' value found during parsing"
    return ServerError(1367, "22007", message, name="OB_ERR_ILLEGAL_VALUE")


def no_such_function(name: str) -> ServerError:
    """1305, with the name as written."""
    return error("ER_SP_DOES_NOT_EXIST", "FUNCTION", name)


def wrong_argument_count(name: str) -> ServerError:
    """1582."""
    return error("OB_ERR_PARAM_SIZE", name)


def wrong_arguments(name: str) -> ServerError:
    """1210."""
    return error("OB_INVALID_ARGUMENT", name)


def group_function_misused() -> ServerError:
    """1111: an aggregate where there are no groups yet, or one inside another."""
    return error("OB_ERR_INVALID_GROUP_FUNC_USE")


def bad_group_term(name: str) -> ServerError:
    """1056: GROUP BY names a column that is an aggregate."""
    return error("OB_WRONG_GROUP_FIELD", name)


def unknown_column(name: str, clause: str) -> ServerError:
    """1054, with the name as written and the clause it stands in."""
    return error("OB_ERR_BAD_FIELD_ERROR", name, clause)


def ambiguous_column(name: str, clause: str) -> ServerError:
    """1052."""
    return error("OB_NON_UNIQ_ERROR", name, clause)


def duplicate_column(name: str) -> ServerError:
    """1060: a derived table with two columns of one name."""
    return error("OB_ERR_COLUMN_DUPLICATE", name)


def unknown_table(name: str) -> ServerError:
    """1051: the table before `.*` is none of the statement's."""
    return error("OB_ERR_BAD_TABLE", name)


def column_counts_differ() -> ServerError:
    """1222: the sides of a UNION."""
    return error("OB_ERR_COLUMN_SIZE")


def wrong_column_count(count: int) -> ServerError:
    """1241: a row of another width."""
    return error("OB_ERR_INVALID_COLUMN_NUM", count)


def rows_more_than_one() -> ServerError:
    """1242: a scalar subquery."""
    return error("OB_SUBQUERY_TOO_MANY_ROW")


def out_of_range(kind: str) -> ServerError:
    """1690: arithmetic that leaves 64 bits."""
    return ServerError(1690, "22003", f"{kind} value is out of range", name="OB_OPERATE_OVERFLOW", code=-4157)


def query_too_large() -> ServerError:
    """4019: nested too deep or too long."""
    return error("OB_SIZE_OVERFLOW")


def result_too_large() -> ServerError:
    """4019: a value or a result beyond the limits of `obsim.query.tables`."""
    return error("OB_SIZE_OVERFLOW")


def statement_too_costly() -> ServerError:
    """3024: more work than one statement may take.

    MySQL's error, as this bound is none of OceanBase's: its 4012 would send the reader to ob_query_timeout, in vain.
    """
    text = "Query execution was interrupted, maximum statement execution time exceeded"
    return ServerError(3024, "HY000", text, name="ER_QUERY_TIMEOUT")

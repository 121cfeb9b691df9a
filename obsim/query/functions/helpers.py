"""Functions that only rewritten queries use; a statement cannot name them."""

from collections.abc import Callable
from typing import Any

from obsim.query.collation import key_of
from obsim.query.functions import number as num
from obsim.query.functions import text as txt
from obsim.query.functions import time as tim
from obsim.query.functions import time_formats as fmt
from obsim.query.values import number_of, read_number, text_of, whole_of, whole_prefix

__all__ = ["HELPERS"]

HELPERS: dict[str, Callable[..., Any]] = {
    "ob_number": read_number,
    "ob_beside": lambda value, other: number_of(value) if isinstance(other, int | float) else value,
    "ob_text": text_of,
    "ob_key": key_of,
    "ob_whole": whole_of,
    "ob_whole_prefix": whole_prefix,
    "ob_moment": tim.moment,
    "ob_date": tim.date_of,
    "ob_time_only": tim.time_of,
    "ob_moment_number": lambda value, decimals: None if value is None else tim.moment_as_number(value, decimals),
    "ob_cut": lambda value, size: None if value is None else value[:size],
    "ob_decimal_text": num.decimal_text,
    "ob_cast_decimal": num.cast_decimal,
    "ob_cast_unsigned": num.cast_unsigned,
    "ob_divide": num.divide,
    "ob_div": num.integer_divide,
    "ob_mod": num.modulo,
    "ob_round_to": lambda number, digits: (
        None if number is None or digits is None else num.round_(number_of(number) or 0, digits)
    ),
    "ob_truncate_to": lambda number, digits: (
        None if number is None or digits is None else num.truncate(number_of(number) or 0, digits)
    ),
    "ob_like": lambda *a: None if None in a else txt.like(str(text_of(a[0])), str(text_of(a[1])), *map(str, a[2:])),
    "ob_regexp": lambda a, b: None if a is None or b is None else txt.regexp(str(text_of(a)), str(text_of(b))),
    "ob_bits": num.bits,
    "ob_unsigned": num.unsigned_arithmetic,
    "ob_signed": num.cast_signed,
    "ob_round_double": lambda number, digits: (
        None if number is None or digits is None else num.round_double(number, digits)
    ),
    "ob_date_add_moment": tim.date_add_moment,
    "ob_date_add_date": tim.date_add_date,
    "ob_date_add_text": tim.date_add_text,
    "ob_timestamp_diff": tim.timestamp_diff,
    "ob_extract": tim.extract,
    "ob_str_to_date": lambda a, b: None if a is None or b is None else fmt.str_to_date(a, b),
    "ob_str_to_time": lambda a, b: None if a is None or b is None else fmt.str_to_time(a, b),
    "ob_str_to_date_only": lambda a, b: None if a is None or b is None else fmt.str_to_date_only(a, b),
    "ob_from_unixtime": lambda a, z: None if a is None else tim.from_unixtime(a, z),
    "ob_unix_timestamp": tim.unix_timestamp,
}
"""By the name that SQLite knows them by."""

"""String functions of MySQL.

Arguments arrive converted as the registry says and are never NULL here unless the registry marks the function as one
that sees NULL.
"""

from hashlib import md5, sha1

from obsim.answers import Value
from obsim.query.collation import folded, order, sort_key
from obsim.query.functions.number import without_sign
from obsim.query.functions.patterns import like_pattern, regex
from obsim.query.values import BUDGET, bounded, number_of, quantized, text_of, to_decimal

__all__ = [
    "ascii_", "bin_", "bit_length", "char_", "char_length", "concat", "concat_ws", "conv", "elt", "field",
    "find_in_set", "format_", "hex_", "insert", "instr", "left", "length", "like", "locate", "lower", "lpad",
    "ltrim", "md5_", "ord_", "quote", "regexp", "repeat", "replace", "reverse", "right", "rpad", "rtrim", "sha1_",
    "space", "strcmp", "substring", "substring_index", "trim", "unhex", "upper",
]


def concat(*parts: str) -> str:
    """All arguments one after the other."""
    bounded(sum(map(len, parts)))
    return "".join(parts)


def concat_ws(separator: Value, *parts: Value) -> Value:
    """The arguments that are not NULL, joined; NULL without a separator."""
    joint = text_of(separator)
    if joint is None:
        return None
    texts = [t for t in map(text_of, parts) if t is not None]
    bounded(sum(map(len, texts)) + len(joint) * len(texts))
    return joint.join(texts)


def length(raw: bytes) -> int:
    """Bytes, of a text in UTF-8."""
    return len(raw)


def bit_length(raw: bytes) -> int:
    """Bits, of a text in UTF-8."""
    return len(raw) * 8


def char_length(text: str) -> int:
    """Characters."""
    return len(text)


def upper(text: str) -> str:
    """Upper case, one character for each."""
    return text.upper()


def lower(text: str) -> str:
    """Lower case."""
    return text.lower()


def substring(text: str, start: int, count: int | None = None) -> str:
    """From the place `start` (1 first, negative from the end, 0 nothing)."""
    size = len(text)
    begin = start - 1 if start > 0 else size + start
    if start == 0 or begin < 0 or (count is not None and count <= 0):
        return ""
    return text[begin:] if count is None else text[begin : begin + count]


def left(text: str, count: int) -> str:
    """The first characters."""
    return text[: max(count, 0)]


def right(text: str, count: int) -> str:
    """The last characters."""
    return text[-count:] if count > 0 else ""


def substring_index(text: str, delimiter: str, count: int) -> str:
    """What stands before the n-th delimiter, or after it counted from the right for a negative n."""
    if not delimiter or count == 0:
        return ""
    parts = text.split(delimiter)
    return delimiter.join(parts[:count] if count > 0 else parts[count:])


def _padding(text: str, size: int, pad: str) -> str | None:
    if size < 0 or (not pad and size > len(text)):
        return None
    bounded(size)
    missing = size - len(text)
    return (pad * (missing // len(pad) + 1))[:missing] if missing > 0 else ""


def lpad(text: str, size: int, pad: str) -> str | None:
    """Filled, or cut, to `size` characters; the filling stands left."""
    filling = _padding(text, size, pad)
    return None if filling is None else (filling + text)[:size]


def rpad(text: str, size: int, pad: str) -> str | None:
    """Filled, or cut, to `size` characters; the filling stands right."""
    filling = _padding(text, size, pad)
    return None if filling is None else (text + filling)[:size]


def trim(text: str, what: str = " ", side: str = "BOTH") -> str:
    """Without the repeated `what` at the ends."""
    if not what:
        return text
    begin, end = 0, len(text)
    if side != "TRAILING":
        while text.startswith(what, begin, end):
            begin += len(what)
    if side != "LEADING":
        while end - len(what) >= begin and text.endswith(what, begin, end):
            end -= len(what)
    return text[begin:end]


def ltrim(text: str) -> str:
    """Without blanks at the start."""
    return text.lstrip(" ")


def rtrim(text: str) -> str:
    """Without blanks at the end."""
    return text.rstrip(" ")


def replace(text: str, old: str, new: str) -> str:
    """Every `old` becomes `new`; letter case counts."""
    if not old:
        return text
    bounded(len(text) + text.count(old) * (len(new) - len(old)) if len(new) > len(old) else len(text))
    return text.replace(old, new)


def insert(text: str, place: int, count: int, new: str) -> str:
    """`count` characters from `place` become `new`."""
    if not 1 <= place <= len(text):
        return text
    end = len(text) if count < 0 else place - 1 + count
    return concat(text[: place - 1], new, text[end:])


def reverse(text: str) -> str:
    """Last character first."""
    return text[::-1]


def repeat(text: str, count: int) -> str:
    """The text so many times."""
    bounded(len(text) * max(count, 0))
    return text * max(count, 0)


def space(count: int) -> str:
    """So many blanks."""
    return repeat(" ", count)


def instr(text: str, part: str) -> int:
    """Where `part` begins, 1 first, 0 if nowhere; letter case does not count."""
    return locate(part, text)


def _size(text: str) -> int:
    return len(text.encode("utf8", "surrogatepass"))


def locate(part: str, text: str, start: int = 1) -> int:
    """Where `part` begins from `start` on."""
    if start <= 0:
        return 0
    wanted, there, size = folded(part), folded(text), _size(part)
    place = there.find(wanted, start - 1)
    while place >= 0 and _size(text[place : place + len(part)]) != size:  # equal, but in other bytes: goes by
        place = there.find(wanted, place + 1)
    return place + 1


def field(wanted: Value, *choices: Value) -> int:
    """The place of the first choice equal to the first argument; numbers compare as numbers."""
    if wanted is None:
        return 0
    values = (wanted, *choices)
    if all(isinstance(v, str) or v is None for v in values):
        key = sort_key(str(wanted))
        return next((i for i, c in enumerate(choices, 1) if c is not None and sort_key(str(c)) == key), 0)
    number = number_of(wanted)
    return next((i for i, c in enumerate(choices, 1) if c is not None and number_of(c) == number), 0)


def elt(place: Value, *choices: Value) -> Value:
    """The n-th choice, NULL beyond."""
    number = int(number_of(place) or 0)
    return text_of(choices[number - 1]) if 1 <= number <= len(choices) else None


def find_in_set(text: str, listed: str) -> int:
    """The place of a text in a list separated by commas."""
    key = folded(text)
    return next((i for i, part in enumerate(folded(listed).split(","), 1) if part == key), 0) if listed else 0


def strcmp(a: str, b: str) -> int:
    """-1, 0 or 1; letter case does not count."""
    return order(a, b)


def hex_(value: Value) -> str | None:
    """Hexadecimal digits of a number, or of the bytes of a text."""
    if isinstance(value, int):
        return f"{value & 0xFFFF_FFFF_FFFF_FFFF:X}"
    if isinstance(value, float):
        return f"{int(to_decimal(value).to_integral_value()) & 0xFFFF_FFFF_FFFF_FFFF:X}"
    if value is None:
        return None
    raw = value if isinstance(value, bytes) else str(value).encode("utf8", "surrogatepass")
    bounded(len(raw) * 2)
    return raw.hex().upper()


def _text_or_bytes(raw: bytes) -> str | bytes:
    try:
        return raw.decode("utf8")
    except UnicodeDecodeError:
        return raw


def unhex(text: str) -> Value:
    """The text whose bytes the digits are; bytes where they are no text."""
    try:
        return _text_or_bytes(bytes.fromhex(text if len(text) % 2 == 0 else "0" + text))
    except ValueError:
        return None


def bin_(number: int) -> str:
    """Binary digits."""
    return f"{number & 0xFFFF_FFFF_FFFF_FFFF:b}"


def conv(text: str, base: int, to: int) -> str | None:
    """A number of one base in another, both 2 to 36."""
    if not (2 <= abs(base) <= 36 and 2 <= abs(to) <= 36):
        return None
    digits, sign = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", text.strip().startswith("-")
    number = 0
    for character in text.strip().lstrip("-").upper():
        value = digits.find(character)
        if not 0 <= value < abs(base):
            break
        number = min(number * abs(base) + value, 2**64 - 1)
    number = -number if sign else number
    if to > 0:
        number &= 0xFFFF_FFFF_FFFF_FFFF
    out, rest = "", abs(number)
    while rest or not out:
        rest, value = divmod(rest, abs(to))
        out = digits[value] + out
    return "-" + out if number < 0 else out


def ascii_(text: str) -> int:
    """The first byte."""
    return text.encode("utf8", "replace")[0] if text else 0


def ord_(text: str) -> int:
    """The first character's bytes as one number."""
    return int.from_bytes(text[:1].encode("utf8", "replace"), "big")


def char_(*codes: Value) -> Value:
    """The characters with these byte values."""
    out = b""
    for code in codes:
        number = number_of(code)
        if number is not None:
            whole = int(number) & 0xFFFF_FFFF
            out += whole.to_bytes(max(1, (whole.bit_length() + 7) // 8), "big")
    return _text_or_bytes(out)


def md5_(raw: bytes) -> str:
    """MD5 in hexadecimal."""
    return md5(raw, usedforsecurity=False).hexdigest()


def sha1_(raw: bytes) -> str:
    """SHA-1 in hexadecimal."""
    return sha1(raw, usedforsecurity=False).hexdigest()


def quote(value: Value) -> str:
    """A literal of SQL."""
    text = text_of(value)
    if text is None:
        return "NULL"
    bounded(len(text) * 2)
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def format_(number: Value, digits: int) -> str:
    """With commas between thousands and so many digits after the point."""
    return f"{without_sign(quantized(to_decimal(number), max(0, min(digits, 30)))):,f}"


def like(text: str, pattern: str, escape: str = "\\") -> int:
    """LIKE; letter case does not count."""
    if len(text) > 4096:
        BUDGET.charge(len(text) * (1 + pattern.count("_")))
    return int(like_pattern(pattern, escape).matches(text))


def regexp(text: str, pattern: str) -> int:
    """REGEXP and RLIKE: whether the pattern is found anywhere in the text."""
    BUDGET.charge(16 * len(text))
    return int(regex(pattern).found_in(text))

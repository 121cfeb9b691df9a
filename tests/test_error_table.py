"""The table of error codes: every symbol and every code once, so that neither says two things."""

from collections import Counter

import pytest

from obsim import error_codes
from obsim.error_table import ERROR_ROWS
from obsim.errors import code_of, error, error_of, plain_message


def test_every_symbol_and_every_code_stands_once():
    symbols = Counter(row[0] for row in ERROR_ROWS)
    codes = Counter(row[1] for row in ERROR_ROWS if row[1])
    assert [name for name, count in symbols.items() if count > 1] == []
    assert [code for code, count in codes.items() if count > 1] == []


@pytest.mark.parametrize(("name", "code", "text"), [
    ("OB_LS_NOT_EXIST", -4719, "log stream does not exist"),
    ("OB_TABLET_NOT_EXIST", -4725, "tablet does not exist"),
    ("OB_BACKUP_FILE_NOT_EXIST", -9011, "cannot find backup file"),
])  # fmt: skip
def test_a_symbol_has_its_number_and_text(name, code, text):
    assert (code_of(name), error(name).errno, plain_message(code), error_of(code).name) == (code, -code, text, name)


def test_codes_of_results_are_those_of_their_symbols():
    named = {name: value for name, value in vars(error_codes).items() if name.startswith("OB_")}
    assert named == {name: code_of(name) for name in named}
    assert named["OB_CANCELED"] == -4072

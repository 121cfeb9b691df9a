"""On which line of a TOML text a key stands."""

import pytest

from obsim.scenario.lines import line_of, place_of, place_text

TEXT = '''# a comment
about = "x [not a table]"
faults = [
    "error=1 # no comment",
    "]",
]

[clock]
start = "2024"

[[tenant]]
name = "a"
"odd key" = """
[[tenant]]
name = "no"
"""
[tenant.parameters]
x.y = { z = [
  1 ] }

  [[tenant.table]]
  name = "t"
[[tenant.table]]
name = 'u'
[[tenant]]
name = "b"
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("about", 2), ("faults", 3), ("faults[1]", 3), ("clock", 8), ("clock.start", 9), ("clock.mode", 8),
        ("tenant[0]", 11), ("tenant[0].name", 12), ("tenant[0].parameters", 17), ("tenant[0].parameters.x.y", 18),
        ("tenant[0].table[0].name", 22), ("tenant[0].table[1].name", 24), ("tenant[0].table[1].blocks", 23),
        ("tenant[1].name", 26), ("tenant[1].table[0]", 25), ("nosuch", 1),
    ],
)  # fmt: skip
def test_line_of_a_place(path, line):
    assert line_of(TEXT, place_of(path)) == line


def test_a_quoted_key():
    assert line_of(TEXT, ("tenant", 0, "odd key")) == 13


@pytest.mark.parametrize("path", ["about", "tenant[0]", "tenant[0].table[1].blocks", "a.b.c"])
def test_places_print_as_they_are_read(path):
    assert place_text(place_of(path)) == path

"""What docs/testing.md shows runs as it stands there; what needs a real cluster is only read."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

TEXT = (Path(__file__).parents[2] / "docs" / "testing.md").read_text("utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
REAL = 'host="10.0.0.1"'
FEW = settings(
    max_examples=2, stateful_step_count=8, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_a_block_runs(number, tmp_path, monkeypatch):
    block, names = BLOCKS[number], {"__name__": "block"}
    code = compile(block, f"block {number} of docs/testing.md", "exec")
    if REAL in block:
        return
    monkeypatch.chdir(tmp_path)
    exec(code, names)
    for name, found in list(names.items()):
        if name.startswith("Test"):
            found.settings = FEW
            found().runTest()
        elif name.startswith("test_"):
            FEW(found)()


def test_there_are_some():
    assert len(BLOCKS) == 5
    assert sum(REAL in block for block in BLOCKS) == 1

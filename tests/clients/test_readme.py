"""The README's client in another language, run as it stands there."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.clients import programs

README = (Path(__file__).parent.parent.parent / "README.md").read_text("utf-8")


def test_the_program_for_node_prints_what_the_readme_says(
    tmp_path: Path, serve: Callable[..., Any], require: Callable[[str], None]
) -> None:
    require("mysql2")
    ((name, text),) = re.findall(r"^```js\n// (\S+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    (options, said) = re.findall(rf"^\$ obsim serve (.*)\nready \S+ 2881\n\$ node {name}\n(.*)$", README, re.MULTILINE)[
        0
    ]
    server = serve(*options.split())
    assert text.count("2881") == 1
    (tmp_path / name).write_text(text.replace("2881", str(server.port)), "utf-8")
    ended = programs.run(["node", str(tmp_path / name)], NODE_PATH=str(programs.FOLDER / "node" / "node_modules"))
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"{said}\n", "")

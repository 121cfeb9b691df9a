"""The report over a run of mutmut."""

import json

from tests.mutation import report


def results(tmp_path, **codes):
    for package, by_name in codes.items():
        folder = tmp_path / "obsim" / package
        folder.mkdir(parents=True)
        keys = {f"obsim.{package}.a.x_f__mutmut_{n}": code for n, code in by_name.items()}
        (folder / "a.py.meta").write_text(json.dumps({"exit_code_by_key": keys}))
    return str(tmp_path)


def test_it_counts_by_package_and_names_the_survivors(tmp_path, capsys):
    storage = {"1": 0, "2": 33, **dict.fromkeys("3456", 1)}
    where = results(tmp_path, backup={"1": 1, "2": -24, "3": None}, storage=storage)
    assert report.main(where) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["obsim.storage.a.x_f__mutmut_1\t?", "obsim.storage.a.x_f__mutmut_2\t?"]
    assert [" ".join(line.split()) for line in lines[2:]] == [
        "all 6 of 8 killed, 1 of them by the clock 75.0%",
        "backup 2 of 2 killed, 1 of them by the clock 100.0%",
        "storage 4 of 6 killed, 0 of them by the clock 66.7%",
    ]


def test_enough_is_enough(tmp_path):
    assert report.main(results(tmp_path / "enough", backup={str(n): int(n > 2) for n in range(20)})) == 0
    assert report.main(results(tmp_path / "none", backup={"1": None})) == 1


def test_every_known_survivor_has_a_reason():
    assert report.known()
    assert all(reason for reason in report.known().values())

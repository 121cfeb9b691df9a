"""Fuzzing by coverage, with atheris (extra `fuzz`): new inputs that reach new code are kept in fixtures/fuzz.

`python -m tests.fuzz.fuzz_packets --seconds 600` and `python -m tests.fuzz.fuzz_statements --seconds 600`; the exit
code is 1 when an input crashes or takes ten seconds, and the input is printed.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from hashlib import sha1
from pathlib import Path

from tests.fuzz.corpus import LENGTH_MAX, read_corpus, write_corpus

__all__ = ["main"]

ROOT = Path(__file__).parents[2]
HANG_S = 10
KEPT_MAX = 700


def main(name: str) -> int:
    """Fuzz a target for so long, then keep what reached something new, the short ones first."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--forget", action="store_true", help="keep no new inputs")
    parser.add_argument("--inside", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside is not None:
        _inside(name, options.inside)
    with tempfile.TemporaryDirectory() as work:
        corpus, found = (Path(work) / part for part in ("corpus", "found"))
        for folder in (corpus, found):
            folder.mkdir()
        for data in read_corpus(name):
            (corpus / sha1(data).hexdigest()).write_bytes(data)
        begun_s = time.monotonic()
        bounds = [f"-timeout={HANG_S}", f"-max_len={LENGTH_MAX}", "-rss_limit_mb=2048", f"-artifact_prefix={found}/"]
        ended = _run(name, [f"-max_total_time={options.seconds}", *bounds, "-print_final_stats=1", str(corpus)])
        for line in ended.stderr.splitlines():
            if line.startswith(("stat::", "Done")) or "ERROR" in line:
                print(line)
        bad = sorted(found.iterdir())
        for file in bad:
            print(f"{file.name.partition('-')[0]}: {file.read_bytes()!r}")
        if bad or ended.returncode:
            print(ended.stderr[-3000:])
            return 1
        print(f"{time.monotonic() - begun_s:.0f} s without a crash and without a hang")
        if not options.forget:
            inputs = sorted((file.read_bytes() for file in corpus.iterdir()), key=len)
            print(f"{write_corpus(name, inputs[:KEPT_MAX])} of {len(inputs)} inputs kept")
    return 0


def _run(name: str, arguments: list[str]) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", f"tests.fuzz.fuzz_{name}", "--inside", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False)


def _inside(name: str, arguments: list[str]) -> None:
    """The process that is watched: obsim is loaded with counters at its branches. Does not return."""
    import atheris  # noqa: PLC0415 - an extra

    with atheris.instrument_imports(include=["obsim"]):
        from tests.fuzz.targets import TARGETS  # noqa: PLC0415 - it is to be instrumented

    atheris.Setup([f"fuzz_{name}", *arguments], TARGETS[name])
    atheris.Fuzz()

"""`python -m tests.fuzz.fuzz_statements --seconds 600`: see `tests/fuzz/guided.py`."""

import sys

from tests.fuzz.guided import main

if __name__ == "__main__":
    sys.exit(main("statements"))

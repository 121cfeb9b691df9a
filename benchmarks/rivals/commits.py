"""SQLite alone, as a process: one row of 200 bytes a transaction, WAL, synchronous=FULL, in the file that it is told.

For each number of seconds on its standard input it commits for so long and prints how many commits a second it came to.
"""

import sys
import time

import apsw


def main() -> None:
    file = apsw.Connection(sys.argv[1])
    for text in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "CREATE TABLE r (n INTEGER PRIMARY KEY, b)"):
        list(file.execute(text))
    for line in sys.stdin:
        turn_s = float(line)
        count, begin_s = 0, time.perf_counter()
        while (spent_s := time.perf_counter() - begin_s) < turn_s:
            with file:
                file.execute("INSERT INTO r (b) VALUES (?)", ("x" * 200,))
            count += 1
        print(count / spent_s, flush=True)


if __name__ == "__main__":
    main()

"""Runs SQL on a SQLite file and prints the rows, fields between `|`: sqlite_run.py FILE SQL."""

import sqlite3
import sys

connection = sqlite3.connect(sys.argv[1])
if sys.argv[2].lstrip().upper().startswith("SELECT"):
    for row in connection.execute(sys.argv[2]):
        print("|".join("" if value is None else str(value) for value in row))
else:
    connection.executescript(sys.argv[2])

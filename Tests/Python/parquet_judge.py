"""Compare Parquet files with what they should hold, as pyarrow and DuckDB read them.

usage: parquet_judge.py FILE...

Beside each FILE stands FILE.jsonl: a JSON array of canonical texts (null for NULL) per row.
"""

import json
import sys

import duckdb
import pyarrow.parquet as pq

from canonical_text import text


def compare(engine, path, table, wanted):
    if table.num_rows != len(wanted):
        sys.exit(f"{engine}: {path}: {table.num_rows} rows, not {len(wanted)}")
    for column, name in enumerate(table.column_names):
        values = table.column(name)
        for row, scalar in enumerate(values):
            have, want = text(scalar), wanted[row][column]
            if have != want:
                sys.exit(f"{engine}: {path}: {name}[{row}] is {have!r}, not {want!r}")


for path in sys.argv[1:]:
    with open(path + ".jsonl", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    compare("pyarrow", path, pq.read_table(path), rows)
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    answer = connection.sql(f"SELECT * FROM read_parquet('{path}')").to_arrow_table()
    compare("DuckDB", path, answer, rows)
print(f"{len(sys.argv) - 1} files agree")

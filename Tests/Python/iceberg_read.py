"""Reads a table by its folder with every engine and prints the rows of each as JSON.

    iceberg_read.py FOLDER [SNAPSHOT]

Rows are lists of texts in the order of the table's columns, sorted.
"""

import glob
import importlib
import json
import os
import sys

# The planner polars would rather have is another package; pyiceberg's does the same.
os.environ["POLARS_ICEBERG_PLANNER"] = "pyiceberg"

import duckdb
import polars
from pyiceberg.table import StaticTable

folder = sys.argv[1]
snapshot = int(sys.argv[2]) if len(sys.argv) > 2 else None


def rows(tuples):
    plain = [[None if v is None else str(v) for v in row] for row in tuples]
    return sorted(plain, key=lambda row: [(v is None, v or "") for v in row])


table = StaticTable.from_metadata(folder)
arrow = table.scan(snapshot_id=snapshot).to_arrow()
result = {"pyiceberg": rows(zip(*(c.to_pylist() for c in arrow.columns)))}

# The extensions come as wheels and are loaded by their files: nothing is downloaded.
connection = duckdb.connect()
for name in ("avro", "iceberg"):
    package = importlib.import_module(f"duckdb_extension_{name}")
    found = glob.glob(
        os.path.join(
            glob.escape(os.path.dirname(package.__file__)),
            "extensions", f"v{duckdb.__version__}", f"{name}.duckdb_extension",
        )
    )
    if len(found) != 1:
        raise SystemExit(f"duckdb_extension_{name} has no file for DuckDB {duckdb.__version__}")
    connection.execute(f"LOAD '{found[0]}'")
option = "" if snapshot is None else f", snapshot_from_id => {snapshot}"
quoted = folder.replace("'", "''")
scan = f"iceberg_scan('{quoted}'{option})"
result["duckdb"] = rows(connection.sql(f"SELECT * FROM {scan}").fetchall())

frame = polars.scan_iceberg(table, snapshot_id=snapshot).collect()
result["polars"] = rows(frame.iter_rows())

current = table.current_snapshot()
result["schema"] = [
    [f.field_id, f.name, str(f.field_type), f.required, f.doc] for f in table.schema().fields
]
result["identifier"] = list(table.schema().identifier_field_ids)
result["snapshots"] = [
    [str(s.snapshot_id), s.summary.operation.value] for s in table.metadata.snapshots
]
result["files"] = [
    [t.file.file_path, t.file.record_count, t.file.file_size_in_bytes]
    for t in table.scan(snapshot_id=snapshot).plan_files()
]
if current is not None:
    entries = table.inspect.entries()
    result["entries"] = sorted(
        [s, n] for s, n in zip(
            entries["status"].to_pylist(), entries["sequence_number"].to_pylist()
        )
    )
    result["summary"] = dict(current.summary.additional_properties)
print(json.dumps(result))

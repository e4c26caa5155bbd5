"""Compares one run's output with its source; prints the verdict as JSON.

A process of its own, so that its memory is not the runner's. The files are read by DuckDB:
a table of the lake through its Iceberg metadata, anything else as the Parquet files it is.
"""

from __future__ import annotations

import argparse
import glob
import json
import os
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from data import TABLES, Column, Table
from engine import connect, literal
from figures import by_column, file_query, is_same_family

if TYPE_CHECKING:
    import duckdb


def relation(kind: str, output: str) -> str:
    """What to read the output from, in DuckDB's SQL."""
    if kind == "iceberg":
        hints = glob.glob(os.path.join(glob.escape(output), "**", "version-hint.text"), recursive=True)
        if len(hints) != 1:
            raise LookupError(f"{len(hints)} Iceberg tables in the output, not one")
        return f"iceberg_scan({literal(os.path.dirname(os.path.dirname(hints[0])))})"
    files = glob.glob(os.path.join(glob.escape(output), "**", "*.parquet"), recursive=True)
    if not files:
        raise LookupError("no Parquet file in the output")
    return f"read_parquet([{', '.join(literal(name) for name in sorted(files))}])"


def verdict(table: Table, source: str, expected: list[str | None], kind: str, output: str) -> dict[str, Any]:
    """`exact`, or `altered` with the columns that changed, or `wrong` where the rows are not all there."""
    connection = connect(("avro", "iceberg") if kind == "iceberg" else ())
    scan = relation(kind, output)
    described = connection.execute(f"DESCRIBE SELECT * FROM {scan}").fetchall()
    types = {str(row[0]).lower(): str(row[1]) for row in described}
    changed: dict[str, list[str]] = defaultdict(list)
    same: list[Column] = []
    for column in table.columns:
        found = types.get(column.name)
        if found is None:
            changed["missing"].append(column.name)
        elif not is_same_family(column, found, source):
            wanted = column.type_in(source).removesuffix(" not null")
            changed[f"{wanted} as {found}"].append(column.name)
        else:
            same.append(column)
    row = connection.execute(file_query(same, scan, source)).fetchone()
    assert row is not None  # an aggregate without groups has one row
    if row[0] != expected[0]:
        return {"status": "wrong", "detail": f"{row[0]} of {expected[0]} rows"}
    source_figures = by_column(list(table.columns), expected)
    file_figures = by_column(same, list(row))
    differing = [column for column in same if source_figures[column.name] != file_figures[column.name]]
    padded = padded_figures(connection, [c for c in differing if c.kind == "char"], scan, source)
    for column in differing:
        only_padding = padded.get(column.name) == source_figures[column.name]
        changed["padding removed" if only_padding else "other values"].append(column.name)
    if changed:
        return {"status": "altered", "detail": summary(changed), "columns": changed}
    return {"status": "exact", "detail": ""}


def padded_figures(
    connection: duckdb.DuckDBPyConnection, columns: list[Column], scan: str, source: str
) -> dict[str, list[str | None]]:
    """The figures of columns of type char(n) once their values are filled up to n again."""
    if not columns:
        return {}
    filled = ", ".join(f"rpad(\"{c.name}\", {c.size[0]}, ' ') AS \"{c.name}\"" for c in columns)
    query = file_query(columns, f"(SELECT {filled} FROM {scan})", source)
    row = connection.execute(query).fetchone()
    return by_column(columns, list(row)) if row else {}


def summary(changed: dict[str, list[str]]) -> str:
    """The changes in a line; of many columns only the first is named."""
    parts = []
    for what, names in changed.items():
        shown = ", ".join(names) if len(names) <= 4 else f"{names[0]} and {len(names) - 1} more"
        parts.append(f"{what}: {shown}")
    return "; ".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", required=True)
    parser.add_argument("--table", required=True)
    parser.add_argument("--figures", required=True, help="the file load.py wrote")
    parser.add_argument("--kind", choices=("parquet", "iceberg"), required=True)
    parser.add_argument("--output", required=True)
    options = parser.parse_args()
    with open(options.figures, encoding="utf-8") as file:
        expected = json.load(file)["tables"][options.table]["figures"]
    try:
        answer = verdict(TABLES[options.table], options.source, expected, options.kind, options.output)
    except Exception as error:  # whatever a reader says about an output is the verdict on it
        answer = {"status": "wrong", "detail": f"unreadable: {str(error).splitlines()[0]}"}
    print(json.dumps(answer))


if __name__ == "__main__":
    main()

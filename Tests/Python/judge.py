"""Asks every engine about a table, by its path, and prints their answers as one JSON object.

    judge.py LOCATION [--engines duckdb,pyiceberg]
    judge.py LOCATION --sql 'SELECT … FROM lake'

With --sql DuckDB alone answers, quickly; its rows are printed as a JSON list of lists of text.

Prints {"rows": …, "columns": [[name, type, id], …], "sums": {column: …}, "digest": …}. All engines have
to give the same answer; where they differ the exit code is 1 and the answers stand side by side.
The digest is over all values of all rows in a sorted order: equal digests are equal tables.
"""

import argparse
import decimal
import hashlib
import json
import sys

from pyiceberg import types as iceberg

import lake_reader

NUMBERS = (iceberg.IntegerType, iceberg.LongType, iceberg.DecimalType)


def answer(table, schema):
    sums = {}
    for index, field in enumerate(schema.fields):
        if isinstance(field.field_type, NUMBERS):
            values = (v for v in table.column(index).to_pylist() if v is not None)
            with decimal.localcontext(decimal.Context(prec=100)):
                total = sum((decimal.Decimal(v) for v in values), decimal.Decimal(0))
                sums[field.name] = lake_reader.decimal_text(total)
    rows = []
    if schema.fields:
        columns = []
        for index, field in enumerate(schema.fields):
            column = []
            for chunk in table.column(index).chunks:
                column.extend(lake_reader.plain(field.field_type, chunk))
            columns.append(column)
        rows = sorted(repr(row).encode() for row in zip(*columns))
    digest = hashlib.sha256(b"\n".join(rows)).hexdigest()
    return {"rows": table.num_rows, "sums": sums, "digest": digest}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("location")
    parser.add_argument("--engines", default="duckdb,pyiceberg,pyarrow,polars")
    parser.add_argument("--sql")
    arguments = parser.parse_args()
    if arguments.sql:
        path = arguments.location.replace("'", "''")
        connection = lake_reader.duckdb_connection()
        connection.execute(f"CREATE TEMP VIEW lake AS SELECT * FROM iceberg_scan('{path}')")
        rows = connection.execute(arguments.sql).fetchall()
        print(json.dumps([[None if v is None else str(v) for v in row] for row in rows]))
        return
    metadata = lake_reader.open_table(arguments.location)
    schema = metadata.schema()
    answers = {name: answer(lake_reader.READERS[name](arguments.location), schema)
               for name in arguments.engines.split(",")}
    first = next(iter(answers.values()))
    if any(other != first for other in answers.values()):
        print(json.dumps(answers, indent=1))
        sys.exit(1)
    first["columns"] = [[f.name, str(f.field_type), f.field_id] for f in schema.fields]
    first["snapshots"] = len(metadata.metadata.snapshots)
    print(json.dumps(first))


if __name__ == "__main__":
    main()

"""Compares every value of synced SQLite tables, as each engine reads it, with the file's own.

    compare_sqlite.py --source FILE --report sync.json

The expected types are declared in edge_sqlite.py; the values come from Python's sqlite3.
"""

import argparse
import datetime
import decimal
import json
import sqlite3
import struct
import sys

import edge_sqlite
import lake_reader

EPOCH = datetime.datetime(1970, 1, 1)


class PrintedReal:
    """A real in a text column: any text that reads back as the very same double."""

    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        try:
            return isinstance(other, str) and struct.pack("d", float(other)) == struct.pack("d", self.value)
        except ValueError:
            return False

    def __repr__(self):
        return f"real {self.value!r}"


def expected_value(kind, value):
    if value is None:
        return None
    if kind == "boolean":
        return {0: "false", 1: "true"}[value]
    if kind == "long":
        return str(value)
    if kind == "double":
        return lake_reader.float_bits(float(value), ">d")
    if kind.startswith("decimal"):
        return lake_reader.decimal_text(decimal.Decimal(repr(value)) if isinstance(value, float) else decimal.Decimal(value))
    if kind == "date":
        return str((datetime.datetime.fromisoformat(value) - EPOCH).days)
    if kind.startswith("timestamp"):
        return str(microseconds(value))
    if kind == "uuid":
        return value
    if kind == "binary":
        return lake_reader.shorten_bytes(value)
    if isinstance(value, float):
        return PrintedReal(value)
    if isinstance(value, bytes):
        return f"x'{value.hex()}'"
    return lake_reader.shorten(str(value))


def microseconds(value):
    if isinstance(value, str):
        moment = datetime.datetime.fromisoformat(value)
        if moment.tzinfo:
            moment = moment.astimezone(datetime.timezone.utc).replace(tzinfo=None)
        return (moment - EPOCH) // datetime.timedelta(microseconds=1)
    # A whole Julian day is stored as an integer by the column's numeric affinity.
    if isinstance(value, float) or value < 10**8:
        return round((value - 2440587.5) * 86_400_000) * 1000
    return value * 1000 if value > 10**10 else value * 1_000_000


def expected_types(table):
    if table in edge_sqlite.TABLES:
        return {"id": "long", **{c: spec[1] for c, spec in edge_sqlite.TABLES[table].items()}}
    return edge_sqlite.OTHERS[table][1]


def compare_table(connection, entry):
    name = entry["stream"]
    # One part only: SQLite streams have no schema.
    table = name[1:-1].replace('""', '"') if name.startswith('"') else name
    types = expected_types(table)
    schema = lake_reader.open_table(entry["location"]).schema()
    actual_types = {field.name: str(field.field_type) for field in schema.fields}
    if list(actual_types.items()) != list(types.items()):
        return [f"{name}: the types are {actual_types}, declared are {types}"]
    columns = ", ".join(edge_sqlite.quoted(column) for column in types)
    rows = connection.execute(f"SELECT {columns} FROM {edge_sqlite.quoted(table)}").fetchall()
    expected = [tuple(expected_value(kind, v) for kind, v in zip(types.values(), row)) for row in rows]
    problems = []
    if entry["rows"] != len(rows) or entry["conversions"]:
        problems.append(f"{name}: {entry['rows']} rows and {entry['conversions']} reported, not {len(rows)} and none")
    return problems + lake_reader.differences(name, entry["location"], list(types), schema, expected)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", required=True)
    parser.add_argument("--report", required=True)
    arguments = parser.parse_args()
    connection = sqlite3.connect(arguments.source)
    with open(arguments.report) as file:
        report = json.load(file)
    problems = []
    for entry in report["streams"]:
        if entry["status"] != "succeeded":
            problems.append(f"{entry['stream']}: {entry['status']}: {entry.get('error')}")
            continue
        problems += compare_table(connection, entry)
    for problem in problems[:200]:
        print(problem)
    print(f"{len(report['streams'])} streams compared, {len(problems)} differences")
    sys.exit(1 if problems or not report["streams"] else 0)


if __name__ == "__main__":
    main()

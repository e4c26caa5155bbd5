"""Compares every value of synced MariaDB streams, as each engine reads it, with the source's own.

    compare_mariadb.py --source URL --report sync.json

The report is what `tributary sync --json` printed. The expected Iceberg type of a column follows from
its type by the rules of docs/types.md, written down here a second time on purpose; the server gives
every value as text, by a client of its own.
"""

import argparse
import datetime
import json
import re
import struct
import sys
import uuid
from urllib.parse import unquote, urlsplit

import pymysql
from pyiceberg import types as iceberg

import lake_reader

INTEGERS = {"tinyint": "int", "smallint": "int", "mediumint": "int", "year": "int"}
DIRECT = {"float": "float", "double": "double", "date": "date", "datetime": "timestamp",
          "timestamp": "timestamptz", "uuid": "uuid"}
BYTES = {"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "geometry", "point"}
EPOCH = datetime.date(1970, 1, 1)


def expected_type(kind, declared, precision, scale):
    unsigned = "unsigned" in declared
    if kind in INTEGERS:
        return INTEGERS[kind]
    if kind == "int":
        return "long" if unsigned else "int"
    if kind == "bigint":
        return "decimal(20, 0)" if unsigned else "long"
    if kind == "decimal":
        return f"decimal({precision}, {scale})" if precision <= 38 else "string"
    if kind == "bit":
        return "boolean" if precision == 1 else "long" if precision < 64 else "decimal(20, 0)"
    return DIRECT.get(kind, "binary" if kind in BYTES else "string")


def expression(kind, name):
    """What the server is asked for, so that its text form loses nothing."""
    if kind == "float":
        return f"{name} * 1e0"
    if kind in ("bit", "year"):
        return f"{name} + 0"
    if kind in ("geometry", "point"):
        return f"ST_AsBinary({name})"
    if kind in ("date", "datetime", "timestamp", "time", "uuid", "inet4", "inet6"):
        return f"CAST({name} AS CHAR)"
    return name


def moment(text, with_time):
    """Days or microseconds since 1970 of what the server wrote; None for a date that is none."""
    match = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(?:\.(\d+))?)?", text)
    year, month, day = (int(part) for part in match.groups()[:3])
    try:
        days = (datetime.date(year, month, day) - EPOCH).days
    except ValueError:
        return None
    if not with_time:
        return str(days)
    hour, minute, second = (int(part or 0) for part in match.groups()[3:6])
    micros = int((match[7] or "").ljust(6, "0"))
    return str(((days * 24 + hour) * 60 + minute) * 60_000_000 + second * 1_000_000 + micros)


def canonical(kind, precision, value):
    """A value as lake_reader shows what it reads."""
    if value is None:
        return None
    if kind == "float":
        return struct.pack(">f", value).hex()
    if kind == "double":
        return struct.pack(">d", value).hex()
    if kind == "decimal":
        text = lake_reader.decimal_text(value)
        return text if precision <= 38 else format(value, "f")
    if kind == "bit" and precision == 1:
        return "true" if value else "false"
    if kind in ("date", "datetime", "timestamp"):
        return moment(value, kind != "date")
    if kind == "uuid":
        return str(uuid.UUID(value))
    if isinstance(value, bytes):
        return lake_reader.shorten_bytes(value)
    return lake_reader.shorten(str(value))


def split(stream):
    """`a.b` or `"a.b"."c"` as its two parts."""
    parts = re.findall(r'"((?:[^"]|"")*)"|([^."]+)', stream)
    return [a.replace('""', '"') or b for a, b in parts]


def quoted(name):
    return "`" + name.replace("`", "``") + "`"


def compare_stream(cursor, entry):
    problems, name = [], entry["stream"]
    database, table = split(name)
    cursor.execute(
        "SELECT column_name, data_type, column_type, numeric_precision, numeric_scale, is_nullable FROM "
        "information_schema.columns WHERE table_schema = %s AND table_name = %s AND extra NOT LIKE '%%INVISIBLE%%' "
        "ORDER BY ordinal_position", (database, table))
    columns = cursor.fetchall()
    schema = lake_reader.open_table(entry["location"]).schema()
    names = [column[0] for column in columns]
    if [field.name for field in schema.fields] != names:
        return [f"{name}: the columns are {[f.name for f in schema.fields]}, the source has {names}"]
    for field, (column, kind, declared, precision, scale, nullable) in zip(schema.fields, columns):
        expected = expected_type(kind, declared, precision, scale)
        if str(field.field_type) != expected:
            problems.append(f"{name}.{column}: the type is {field.field_type}, the rules say {expected}")
        may_be_null = nullable == "YES" or isinstance(
            field.field_type, (iceberg.DateType, iceberg.TimestampType, iceberg.TimestamptzType, iceberg.StringType))
        if field.required == may_be_null:
            problems.append(f"{name}.{column}: required is {field.required}")
    if problems:
        return problems
    asked = ", ".join(expression(kind, quoted(column)) for column, kind, *_ in columns)
    cursor.execute(f"SELECT {asked} FROM {quoted(database)}.{quoted(table)}")
    rows, invalid = [], {}
    for row in cursor.fetchall():
        values = []
        for value, (column, kind, _, precision, *_) in zip(row, columns):
            values.append(canonical(kind, precision, value))
            if value is not None and values[-1] is None:
                invalid[column] = invalid.get(column, 0) + 1
        rows.append(tuple(values))
    reported = {c["column"]: c["count"] for c in entry["conversions"]}
    if reported != invalid or any(c["reason"] != "invalid-date" for c in entry["conversions"]):
        problems.append(f"{name}: conversions reported {entry['conversions']}, expected {invalid}")
    if entry["rows"] != len(rows):
        problems.append(f"{name}: {entry['rows']} rows reported, the source has {len(rows)}")
    return problems + lake_reader.differences(name, entry["location"], names, schema, rows)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", required=True)
    parser.add_argument("--report", required=True)
    arguments = parser.parse_args()
    parts = urlsplit(arguments.source)
    connection = pymysql.connect(
        host=parts.hostname, port=parts.port, user=unquote(parts.username), password=unquote(parts.password),
        database=parts.path.strip("/"), charset="utf8mb4", init_command="SET time_zone = '+00:00'")
    with open(arguments.report) as file:
        report = json.load(file)
    problems = []
    with connection.cursor() as cursor:
        for entry in report["streams"]:
            if entry["status"] != "succeeded":
                problems.append(f"{entry['stream']}: {entry['status']}: {entry.get('error')}")
                continue
            problems += compare_stream(cursor, entry)
    for problem in problems[:200]:
        print(problem)
    print(f"{len(report['streams'])} streams compared, {len(problems)} differences")
    sys.exit(1 if problems or not report["streams"] else 0)


if __name__ == "__main__":
    main()

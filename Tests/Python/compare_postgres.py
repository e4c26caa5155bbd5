"""Compares every value of synced Postgres streams, as each engine reads it, with the source's own.

    compare_postgres.py --source URL --report sync.json [--as-text]

The report is what `tributary sync --json` printed. For each of its streams the expected Iceberg
type follows from the Postgres type by the rules of docs/types.md, written down here a second time
on purpose; the source computes the expected value of each cell as text. With --as-text the sync
was made with `--policy string`: every column has to be text, as the server prints it.
"""

import argparse
import json
import re
import sys

import psycopg2
from pyiceberg import types as iceberg

import lake_reader

# The last microsecond of 64 bits since 1970 and the first one, as Postgres' epoch sees them.
FIRST, LAST = -(2**63), 2**63 - 1

DIRECT = {
    "bool": "boolean", "int2": "int", "int4": "int", "int8": "long", "oid": "long", "xid": "long",
    "cid": "long", "xid8": "decimal(20, 0)", "float4": "float", "float8": "double",
    "money": "decimal(19, 2)", "bytea": "binary", "date": "date", "timestamp": "timestamp",
    "timestamptz": "timestamptz", "uuid": "uuid",
}
# Types the server has to print: an array of a composite that holds one is text as a whole.
NOT_PRINTED = set(DIRECT) | {"text", "varchar", "bpchar", "name", "json", "jsonb", "citext", "hstore"}


class Catalog:
    def __init__(self, cursor):
        self.cursor = cursor
        cursor.execute("SELECT oid, typname, typtype, typcategory, typelem, typbasetype, typtypmod, typrelid FROM pg_type")
        self.types = {row[0]: row[1:] for row in cursor.fetchall()}

    def members(self, relation):
        self.cursor.execute(
            "SELECT attname, atttypid, atttypmod FROM pg_attribute"
            " WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped ORDER BY attnum", (relation,))
        return self.cursor.fetchall()

    def resolve(self, oid, modifier):
        """The type as a small tree: (kind, name or parts, modifier)."""
        name, kind, category, element, base, base_modifier, relation = self.types[oid]
        if kind == "d":
            return self.resolve(base, base_modifier if base_modifier >= 0 else modifier)
        if kind == "c":
            return ("composite", [(m, self.resolve(t, mod)) for m, t, mod in self.members(relation)], -1)
        if kind == "b" and category == "A" and element:
            return ("array", self.resolve(element, modifier), -1)
        return ("enum" if kind == "e" else "scalar", name, modifier)


def is_printed(tree):
    """Whether some part of a value has to be cast to text on the server."""
    kind, detail, modifier = tree
    if kind == "composite":
        return any(is_printed(member) for _, member in detail)
    if kind == "array":
        return is_printed(detail)
    if kind == "enum":
        return False
    return numeric_type(modifier) in (None, "string") if detail == "numeric" else detail not in NOT_PRINTED


def numeric_type(modifier):
    """What a numeric of that modifier becomes; None where its values decide."""
    if modifier < 4:
        return None
    precision = ((modifier - 4) >> 16) & 0xFFFF
    scale = (((modifier - 4) & 0x7FF) ^ 1024) - 1024
    digits = precision - scale if scale < 0 else max(precision, scale)
    return f"decimal({digits}, {max(scale, 0)})" if digits <= 38 else "string"


def check_type(tree, lake, where, problems, unsized):
    """Whether the Iceberg type is the one the rules give; `unsized` is what a free numeric may be."""
    kind, detail, modifier = tree
    expected = None
    if kind == "array":
        if isinstance(lake, iceberg.ListType):
            return check_type(detail, lake.element_type, where + "[]", problems, "string")
        needs_text = detail[0] == "composite" and is_printed(detail)
        expected = "string" if needs_text else "a list"
    elif kind == "composite":
        if isinstance(lake, iceberg.StructType) and [f.name for f in lake.fields] == [n for n, _ in detail]:
            for field, (name, member) in zip(lake.fields, detail):
                check_type(member, field.field_type, f"{where}.{name}", problems, "string")
            return
        expected = "a structure of " + ", ".join(n for n, _ in detail)
    elif detail == "hstore":
        expected = "map<string, string>"
    elif detail == "numeric":
        expected = numeric_type(modifier) or unsized
        # A free numeric may be given head-room, never another scale.
        wider = re.fullmatch(r"decimal\((\d+), (\d+)\)", str(lake))
        if modifier < 4 and wider and expected != "string":
            precision, scale = map(int, re.fullmatch(r"decimal\((\d+), (\d+)\)", expected).groups())
            spare = (int(wider[1]) - int(wider[2])) - (precision - scale)
            if int(wider[2]) == scale and spare >= 0:
                return
    else:
        expected = DIRECT.get(detail, "string")
    if str(lake) != expected:
        problems.append(f"{where}: the type is {lake}, the rules say {expected}")


def text_of(tree, lake, value):
    """SQL for the expected value as text, or as jsonb where it is nested; null for null."""
    kind, detail, modifier = tree
    if isinstance(lake, iceberg.StringType):
        if kind == "scalar" and detail == "bpchar":
            value = f"textin(bpcharout({value}))"
        return shortened(f"({value})::text")
    if kind == "array":
        item = text_of(detail, lake.element_type, f"({value})[i]")
        return (f"CASE WHEN {value} IS NULL OR array_ndims({value}) > 1 THEN NULL ELSE coalesce((SELECT "
                f"jsonb_agg({item} ORDER BY i) FROM generate_subscripts({value}, 1) i), '[]') END")
    if kind == "composite":
        parts = [text_of(member, field.field_type, f'({value})."{name}"')
                 for field, (name, member) in zip(lake.fields, detail)]
        return (f"CASE WHEN {value} IS NOT DISTINCT FROM NULL THEN NULL ELSE "
                f"jsonb_build_array({', '.join(parts)}) END")
    if detail == "hstore":
        return (f"CASE WHEN {value} IS NULL THEN NULL ELSE coalesce((SELECT jsonb_agg("
                f"jsonb_build_array(k, v) ORDER BY k COLLATE \"C\") FROM each({value}) e(k, v)), '[]') END")
    if detail in ("float4", "float8"):
        return (f"CASE WHEN {value} = 'NaN' THEN 'nan' ELSE encode({detail}send({value}), 'hex') END")
    if detail == "numeric":
        return f"CASE WHEN {not_finite(value)} THEN NULL ELSE trim_scale({value})::text END"
    if detail == "money":
        return f"trim_scale({value}::numeric)::text"
    if detail == "date":
        return f"CASE WHEN isfinite({value}) THEN ({value} - date '1970-01-01')::text END"
    if detail in ("timestamp", "timestamptz"):
        return (f"CASE WHEN NOT isfinite({value}) THEN NULL WHEN {beyond(value)} THEN NULL "
                f"ELSE {microseconds(value)}::text END")
    if detail == "bytea":
        return (f"CASE WHEN octet_length({value}) > {lake_reader.LONG} THEN 'md5:' || md5({value}) || ':' "
                f"|| octet_length({value}) ELSE encode({value}, 'hex') END")
    return f"({value})::text"


def shortened(value):
    return (f"CASE WHEN octet_length({value}) > {lake_reader.LONG} THEN 'md5:' || md5({value}) || ':' "
            f"|| octet_length({value}) ELSE {value} END")


def not_finite(value):
    return f"{value}::text IN ('NaN', 'Infinity', '-Infinity')"


def microseconds(value):
    # extract(epoch FROM timestamp) drops digits at the ends of the range: day and time apart do not.
    return (f"(({value}::date - date '1970-01-01')::numeric * 86400000000"
            f" + trunc(extract(epoch FROM {value}::time) * 1000000))")


def beyond(value):
    return f"{microseconds(value)} NOT BETWEEN {FIRST} AND {LAST}"


def conversions_of(tree, lake, value):
    """SQL for how many parts of a value are replaced by null, or (lower-bound) kept, by reason."""
    kind, detail, modifier = tree
    if isinstance(lake, iceberg.StringType):
        return {}
    if kind == "array":
        inner = conversions_of(detail, lake.element_type, f"({value})[i]")
        counts = {reason: f"CASE WHEN array_ndims({value}) > 1 THEN 0 ELSE coalesce((SELECT sum({sql}) "
                          f"FROM generate_subscripts({value}, 1) i), 0) END"
                  for reason, sql in inner.items()}
        outer = f"(CASE WHEN array_ndims({value}) > 1 THEN 1 ELSE 0 END)"
        counts["dimensions"] = f"{outer} + {counts['dimensions']}" if "dimensions" in counts else outer
        shifted = (f"(CASE WHEN array_ndims({value}) = 1 AND array_lower({value}, 1) <> 1 "
                   f"THEN 1 ELSE 0 END)")
        counts["lower-bound"] = (
            f"{shifted} + {counts['lower-bound']}" if "lower-bound" in counts else shifted)
        return counts
    if kind == "composite":
        counts = {}
        for field, (name, member) in zip(lake.fields, detail):
            for reason, sql in conversions_of(member, field.field_type, f'({value})."{name}"').items():
                counts[reason] = f"{counts[reason]} + {sql}" if reason in counts else sql
        return counts
    conditions = {}
    if detail == "numeric":
        conditions = {"not-a-number": f"{value}::text = 'NaN'",
                      "infinite": f"{value}::text IN ('Infinity', '-Infinity')"}
    elif detail == "date":
        conditions = {"infinite": f"NOT isfinite({value})"}
    elif detail in ("timestamp", "timestamptz"):
        conditions = {"infinite": f"NOT isfinite({value})",
                      "out-of-range": f"CASE WHEN isfinite({value}) THEN {beyond(value)} END"}
    return {reason: f"(CASE WHEN {sql} THEN 1 ELSE 0 END)" for reason, sql in conditions.items()}


def free_numeric_type(cursor, relation, column):
    """The smallest decimal that holds every finite value of a numeric without precision."""
    cursor.execute(
        f"SELECT max(length(trunc(abs({column}))::text) - (abs({column}) < 1)::int),"
        f" max(scale(trim_scale({column}))) FROM {relation}"
        f" WHERE {column}::text NOT IN ('NaN', 'Infinity', '-Infinity')")
    digits, scale = cursor.fetchone()
    if digits is None:
        return None
    return f"decimal({max(digits + scale, 1)}, {scale})" if digits + scale <= 38 else "string"


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def split(stream):
    """`a.b` or `"a.b"."c"` as its two parts."""
    parts = re.findall(r'"((?:[^"]|"")*)"|([^."]+)', stream)
    return [a.replace('""', '"') or b for a, b in parts]


def compare_stream(catalog, entry, as_text):
    cursor, problems, name = catalog.cursor, [], entry["stream"]
    relation = ".".join(quoted(part) for part in split(name))
    cursor.execute("SELECT %s::regclass::oid, relkind FROM pg_class WHERE oid = %s::regclass", (relation, relation))
    relation_id, kind = cursor.fetchone()
    columns = catalog.members(relation_id)
    source = f"ONLY {relation}" if kind == "r" else relation
    schema = lake_reader.open_table(entry["location"]).schema()
    names = [column for column, _, _ in columns]
    if [field.name for field in schema.fields] != names:
        return [f"{name}: the columns are {[f.name for f in schema.fields]!r:.500}, the source has {names!r:.500}"]
    expected_counts, expressions = {}, []
    for field, (column, oid, modifier) in zip(schema.fields, columns):
        tree = catalog.resolve(oid, modifier)
        if as_text:
            if not isinstance(field.field_type, iceberg.StringType):
                problems.append(f"{name}.{column}: the type is {field.field_type}, the policy asks for text")
        else:
            unsized = None
            if tree[:2] == ("scalar", "numeric") and tree[2] < 4:
                # Without a single value any decimal will do.
                unsized = free_numeric_type(cursor, source, quoted(column)) or str(field.field_type)
            check_type(tree, field.field_type, f"{name}.{column}", problems, unsized)
        if problems:
            continue
        expressions.append(text_of(tree, field.field_type, f"t.{quoted(column)}"))
        for reason, sql in conversions_of(tree, field.field_type, f"t.{quoted(column)}").items():
            cursor.execute(f"SELECT sum({sql}) FROM {source} t")
            count = cursor.fetchone()[0]
            if count:
                outcome = "kept" if reason == "lower-bound" else "null"
                expected_counts[(column, reason, outcome)] = int(count)
    if problems:
        return problems
    reported = {(c["column"], c["reason"], c["outcome"]): c["count"] for c in entry["conversions"]}
    if reported != expected_counts:
        problems.append(f"{name}: conversions reported {reported}, expected {expected_counts}")
    cursor.execute(f"SELECT {', '.join(expressions)} FROM {source} t")
    expected = [tuple(row) for row in cursor.fetchall()]
    if entry["rows"] != len(expected):
        problems.append(f"{name}: {entry['rows']} rows reported, the source has {len(expected)}")
    return problems + lake_reader.differences(name, entry["location"], names, schema, expected)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", required=True)
    parser.add_argument("--report", required=True)
    parser.add_argument("--as-text", action="store_true")
    arguments = parser.parse_args()
    connection = psycopg2.connect(arguments.source)
    connection.set_session(readonly=True, isolation_level="REPEATABLE READ")
    cursor = connection.cursor()
    cursor.execute("SET timezone = 'UTC'; SET intervalstyle = 'iso_8601'; SET datestyle = 'ISO';"
                   " SET extra_float_digits = 1; SET bytea_output = 'hex'; SET xmloption = content")
    catalog = Catalog(cursor)
    with open(arguments.report) as file:
        report = json.load(file)
    problems = []
    for entry in report["streams"]:
        if entry["status"] != "succeeded":
            problems.append(f"{entry['stream']}: {entry['status']}: {entry.get('error')}")
            continue
        problems += compare_stream(catalog, entry, arguments.as_text)
    for problem in problems[:200]:
        print(problem)
    print(f"{len(report['streams'])} streams compared, {len(problems)} differences")
    sys.exit(1 if problems or not report["streams"] else 0)


if __name__ == "__main__":
    main()

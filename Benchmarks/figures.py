"""The figures a table and its copy are compared by, as SQL of each side.

Per column: how many values there are, the exact sum where the column is a number, and the sum of a
number made of the MD5 of each value's canonical text. Such a sum does not depend on the order of
the rows, which differs between tools, and changes when any value does.
"""

from __future__ import annotations

from data import FLOAT_SCALE, REAL_SCALE, Column

# Kinds that have an exact sum.
SUMMED = ("int", "bigint", "decimal")

# What a column of a Parquet file counts as, by the start of DuckDB's name of its type. A wider type
# of the same kind is no change; an integer read as text or a decimal as a float is one.
FAMILIES = (
    ("TIMESTAMP WITH TIME ZONE", "timestamptz"),
    ("TIMESTAMP", "timestamp"),
    ("DATE", "date"),
    ("DECIMAL", "decimal"),
    ("FLOAT", "float"),
    ("DOUBLE", "float"),
    ("VARCHAR", "text"),
    ("BOOLEAN", "bool"),
    *((f"{sign}{name}", "int") for sign in ("", "U") for name in (
        "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT",
    )),
)
FAMILY_OF_KIND = {
    "bool": "bool",
    "int": "int",
    "bigint": "int",
    "real": "float",
    "double": "float",
    "decimal": "decimal",
    "text": "text",
    "char": "text",
    "date": "date",
    "timestamp": "timestamp",
}


def family(duckdb_type: str) -> str:
    """The family of a type, or the type's own name for one that no source column has."""
    for start, name in FAMILIES:
        if duckdb_type.startswith(start):
            return name
    return duckdb_type


def is_same_family(column: Column, duckdb_type: str, source: str) -> bool:
    """Whether a file holds a column as what it is."""
    found = family(duckdb_type)
    # A boolean of MariaDB is a tinyint(1); both readings are right.
    if source == "mariadb" and column.kind == "bool":
        return found in ("bool", "int")
    return found == FAMILY_OF_KIND[column.kind]


def float_scale(column: Column) -> int:
    """The factor that makes every generated float of this column an integer."""
    return REAL_SCALE if column.kind == "real" else FLOAT_SCALE


def text_in_postgres(column: Column) -> str:
    """The canonical text of a value, in Postgres."""
    name = column.name
    return {
        "bool": f"{name}::int::text",
        "real": f"('x'||encode(float4send({name}),'hex'))::bit(32)::text",
        "double": f"('x'||encode(float8send({name}),'hex'))::bit(64)::text",
        # A cast of char(n) to text loses the padding that is part of what is read.
        "char": f"convert_from(bpcharsend({name}),'UTF8')",
        "text": name,
        "timestamp": f"(extract(epoch from {name})*1000000)::bigint::text",
    }.get(column.kind, f"{name}::text")


def text_in_mariadb(column: Column) -> str:
    """The canonical text of a value, in MariaDB."""
    name = column.name
    return {
        "bool": f"cast({name} as char)",
        "real": f"cast(cast({name}*{float_scale(column)} as signed) as char)",
        "double": f"cast(cast({name}*{float_scale(column)} as signed) as char)",
        "char": name,
        "text": name,
        "timestamp": f"cast(timestampdiff(microsecond,'1970-01-01',{name}) as char)",
    }.get(column.kind, f"cast({name} as char)")


def text_in_duckdb(column: Column, source: str) -> str:
    """The canonical text of a value read from a file, in the form the source gives."""
    name = f'"{column.name}"'
    if column.kind in ("real", "double") and source == "mariadb":
        return f"(round({name}*{float_scale(column)})::BIGINT)::VARCHAR"
    if column.kind == "decimal":
        precision, scale = column.size
        return f"TRY_CAST({name} AS DECIMAL({precision},{scale}))::VARCHAR"
    return {
        "bool": f"{name}::INT::VARCHAR",
        "real": f"{name}::FLOAT::BIT::VARCHAR",
        "double": f"{name}::DOUBLE::BIT::VARCHAR",
        "timestamp": f"epoch_us({name})::VARCHAR",
    }.get(column.kind, f"{name}::VARCHAR")


def source_query(columns: tuple[Column, ...], table: str, source: str) -> str:
    """One query for all figures of a loaded table, in the order of `names_of`."""
    parts = ["count(*)"]
    for column in columns:
        if source == "mariadb":
            digest = f"md5({text_in_mariadb(column)})"
            number = f"cast(conv(substr({digest},1,15),16,10) as unsigned)"
            as_text = "cast(sum({0}) as char)"
        else:
            digest = f"md5({text_in_postgres(column)})"
            number = f"('x'||substr({digest},1,15))::bit(60)::bigint"
            as_text = "sum({0})::text"
        parts.append(f"count({column.name})")
        if column.kind in SUMMED:
            parts.append(as_text.format(column.name))
        parts.append(as_text.format(number))
    return f"select {', '.join(parts)} from {table}"


def file_query(columns: list[Column], relation: str, source: str) -> str:
    """The same figures of a copy, in DuckDB."""
    parts = ["count(*)::VARCHAR"]
    for column in columns:
        digest = f"md5({text_in_duckdb(column, source)})"
        parts.append(f'count("{column.name}")::VARCHAR')
        if column.kind in SUMMED:
            # A decimal of another scale would give the same sum another text.
            number = text_in_duckdb(column, source).removesuffix("::VARCHAR")
            parts.append(f"sum({number})::VARCHAR")
        parts.append(f"sum(('0x'||substr({digest},1,15))::BIGINT)::VARCHAR")
    return f"SELECT {', '.join(parts)} FROM {relation}"


def by_column(columns: list[Column], row: list[str | None]) -> dict[str, list[str | None]]:
    """The figures of each column from the row of either query."""
    result: dict[str, list[str | None]] = {}
    position = 1
    for column in columns:
        width = 3 if column.kind in SUMMED else 2
        result[column.name] = row[position : position + width]
        position += width
    return result

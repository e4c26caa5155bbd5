"""The tables of the benchmark: their columns in each source and the SQL that makes their rows.

Rows are a function of their number alone (`hash` of it in the pinned DuckDB), so that everybody
measures the same bytes. Nothing here imports a database driver: the runner reads these definitions
and has to stay small, because a process it starts inherits its peak of memory.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

# Rows at scale 1.
WIDE_ROWS = 200_000
NARROW_ROWS = 20_000_000
TEXT_ROWS = 1_000_000
NUMERICS_ROWS = 2_000_000

# Floats are multiples of a power of two: every one of them is exact in binary and in its text, so a
# source without a bit pattern of floats can still be compared exactly, as scaled integers.
FLOAT_SCALE = 1 << 20
REAL_SCALE = 1 << 10

# Raised when the loader itself changes what ends up in a source.
LOADER_VERSION = 1


@dataclass(frozen=True)
class Column:
    """One column: `kind` decides how its values are compared, `size` is what its type needs."""

    name: str
    kind: str  # bool int bigint real double decimal text char date timestamp
    size: tuple[int, ...] = ()
    nullable: bool = True

    def type_in(self, source: str) -> str:
        """The column's type in a source, as its DDL writes it."""
        maria = source == "mariadb"
        arguments = ",".join(str(part) for part in self.size)
        name = {
            "bool": "boolean",
            "int": "integer",
            "bigint": "bigint",
            # MariaDB prints a FLOAT with six digits only; nobody could read it back exactly.
            "real": "double" if maria else "real",
            "double": "double" if maria else "double precision",
            "decimal": f"decimal({arguments})" if maria else f"numeric({arguments})",
            "text": f"varchar({arguments})" if self.size else "text",
            "char": f"char({arguments})",
            "date": "date",
            "timestamp": "datetime(6)" if maria else "timestamp",
        }[self.kind]
        return name if self.nullable else f"{name} not null"


@dataclass(frozen=True)
class Table:
    """A table; `rows_sql` makes its rows in DuckDB, tables of `tpch` come from the generator."""

    name: str
    columns: tuple[Column, ...]
    partition: str  # an integer column whose ranges split the table evenly, for peers that want one
    keys: tuple[tuple[str, str], ...] = ()  # (source, columns of its primary key)
    tpch: bool = False
    select: str = ""
    rows: int = 0

    def rows_sql(self, scale: float) -> str:
        """The query whose result is the table."""
        if self.tpch:
            return f"SELECT * FROM {self.name}"
        return f"SELECT {self.select} FROM range({max(1, round(self.rows * scale))}) AS numbers(i)"

    def ddl(self, source: str) -> str:
        """The statement that creates the table."""
        parts = [f"{column.name} {column.type_in(source)}" for column in self.columns]
        key = dict(self.keys).get(source)
        if key:
            parts.append(f"primary key ({key})")
        tail = " engine=InnoDB" if source == "mariadb" else ""
        return f"create table {self.name} ({', '.join(parts)}){tail}"

    def definition(self, source: str, scale: float, generator: str) -> str:
        """A digest that changes when the loaded table would be another one."""
        parts = [LOADER_VERSION, scale, generator, self.ddl(source), self.rows_sql(scale)]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def lineitem() -> Table:
    """TPC-H's largest table; without a key in Postgres, as such tables are often landed."""
    money = [
        Column(name, "decimal", (15, 2), nullable=False)
        for name in ("l_quantity", "l_extendedprice", "l_discount", "l_tax")
    ]
    return Table(
        "lineitem",
        (
            Column("l_orderkey", "bigint", nullable=False),
            Column("l_partkey", "bigint", nullable=False),
            Column("l_suppkey", "bigint", nullable=False),
            Column("l_linenumber", "int", nullable=False),
            *money,
            Column("l_returnflag", "char", (1,), nullable=False),
            Column("l_linestatus", "char", (1,), nullable=False),
            Column("l_shipdate", "date", nullable=False),
            Column("l_commitdate", "date", nullable=False),
            Column("l_receiptdate", "date", nullable=False),
            Column("l_shipinstruct", "char", (25,), nullable=False),
            Column("l_shipmode", "char", (10,), nullable=False),
            Column("l_comment", "text", (44,), nullable=False),
        ),
        partition="l_orderkey",
        keys=(("mariadb", "l_orderkey, l_linenumber"),),
        tpch=True,
    )


def orders() -> Table:
    """TPC-H's orders, with its key."""
    return Table(
        "orders",
        (
            Column("o_orderkey", "bigint", nullable=False),
            Column("o_custkey", "bigint"),
            Column("o_orderstatus", "char", (1,)),
            Column("o_totalprice", "decimal", (15, 2)),
            Column("o_orderdate", "date"),
            Column("o_orderpriority", "char", (15,)),
            Column("o_clerk", "char", (15,)),
            Column("o_shippriority", "int"),
            Column("o_comment", "text", (79,)),
        ),
        partition="o_orderkey",
        keys=(("postgres", "o_orderkey"), ("mariadb", "o_orderkey")),
        tpch=True,
    )


def draw(column: int) -> str:
    """A random 64-bit number of the row for one column."""
    return f"hash(i * 1000 + {column})"


def wide() -> Table:
    """200 columns of all common kinds; two of three may be null, some of them mostly are."""
    recipes: list[tuple[int, str, tuple[int, ...], str]] = [
        (30, "int", (), "({h} % 2000000)::INTEGER - 1000000"),
        (29, "bigint", (), "({h} % 4000000000000)::BIGINT - 2000000000000"),
        (20, "double", (), f"(({{h}} % {1 << 50})::BIGINT - {1 << 49}) / {FLOAT_SCALE}.0"),
        (10, "real", (), f"(({{h}} % {1 << 24})::BIGINT - {1 << 23}) / {REAL_SCALE}.0"),
        (20, "text", (24,), "['new', 'open', 'paid', 'sent', 'returned'][1 + ({h} % 5)::INT]"),
        (20, "text", (40,), "'item-' || to_base(({h} % 1000000000000)::BIGINT, 36)"),
        (15, "date", (), "DATE '1990-01-01' + ({h} % 14000)::INTEGER"),
        (15, "timestamp", (), "make_timestamp(({h} % 1700000000000000)::BIGINT)"),
        (20, "decimal", (12, 2), "(({h} % 2000000000)::BIGINT - 1000000000) * 0.01"),
        (10, "decimal", (18, 6), "(({h} % 2000000000000)::BIGINT - 1000000000000) * 0.000001"),
        (10, "bool", (), "{h} % 2 = 0"),
    ]
    columns = [Column("id", "bigint", nullable=False)]
    parts = ["i::BIGINT AS id"]
    for count, kind, size, recipe in recipes:
        for _ in range(count):
            number = len(columns)
            # Percent of nulls: none, few, and in every twelfth column nearly all.
            nulls = 95 if number % 12 == 11 else 0 if number % 3 == 0 else 10
            name = f"{kind}_{number}"
            value = recipe.format(h=draw(number))
            if nulls:
                value = f"CASE WHEN {draw(number + 500)} % 100 >= {nulls} THEN {value} END"
            columns.append(Column(name, kind, size, nullable=nulls > 0))
            parts.append(f"{value} AS {name}")
    return Table(
        "wide",
        tuple(columns),
        partition="id",
        keys=(("mariadb", "id"),),
        select=", ".join(parts),
        rows=WIDE_ROWS,
    )


def narrow() -> Table:
    """Two integers: the cost of a row rather than of its values."""
    return Table(
        "narrow",
        (Column("a", "int", nullable=False), Column("b", "int", nullable=False)),
        partition="a",
        keys=(("mariadb", "a"),),
        select=f"i::INTEGER AS a, ({draw(1)} % 1000000)::INTEGER AS b",
        rows=NARROW_ROWS,
    )


WORDS = """the of and to in is that for it as was with be by on not he his but at are this have from
or had an they which one you were all her she there would their we him been has when who will no
more if out so up said what its about than into them can only other time new some could these two
may first then do any like my now over such our man me even most made after also did many off before
must well back through years much where your way down should because long each just state people
those too mr how little good world make very year still see work life men day between under never
another same last might great while against right come take during without again place used found
house part school high water number system order invoice delivery customer payment account shipped
reference quality packaging price discount returned warehouse supplier delayed address confirmed
façade naïve Zürich München señor jalapeño Łódź smörgåsbord Ελλάδα Київ 東京 価格 配送 北京""".split()


def text() -> Table:
    """Long texts: sentences, links and noise, 100 to 400 bytes each, about 500 bytes a row."""
    words = "[" + ", ".join(f"'{word}'" for word in WORDS) + "]"
    # Cubing a uniform number makes early words common and late ones rare, as in real sentences.
    word = f"{words}[1 + floor(pow((hash(i * 1000 + w) % 1000003) / 1000003.0, 3) * {len(WORDS)})::INT]"
    sentence = f"array_to_string([{word} for w in range(20, 40 + ({draw(1)} % 40)::INT)], ' ')"
    noise = " || ".join(f"unhex(md5(i || '.{part}'))" for part in range(8))
    return Table(
        "text",
        (
            Column("id", "bigint", nullable=False),
            Column("tag", "text", (20,)),
            Column("link", "text", nullable=False),
            Column("note", "text"),
            Column("noise", "text", nullable=False),
        ),
        partition="id",
        keys=(("mariadb", "id"),),
        select=f"""i::BIGINT AS id,
            CASE WHEN {draw(2)} % 10 > 0 THEN 'tag-' || ({draw(3)} % 50) END AS tag,
            'https://shop.example/' || (['en', 'de', 'fr', 'ja'])[1 + ({draw(4)} % 4)::INT]
                || '/catalogue/section-' || ({draw(5)} % 200) || '/item-' || {draw(6)}
                || '?campaign=spring&session=' || md5(i || 'session') AS link,
            CASE WHEN {draw(7)} % 20 > 0 THEN {sentence} END AS note,
            to_base64({noise}) AS noise""",
        rows=TEXT_ROWS,
    )


def numerics() -> Table:
    """Numerics of four shapes, one of each nullable; sums of all rows stay below 38 digits."""

    def value(number: int, digits: int, scale: int) -> str:
        # Composed as text, which is all a CSV file needs; products of decimals would need more
        # digits than a decimal has.
        sign = f"CASE WHEN {draw(number)} % 2 = 0 THEN '-' ELSE '' END"
        # Ten random digits at a time; a 64-bit number has not more than nineteen to offer.
        pool = " || ".join(
            f"lpad(({draw(number + 100 * part)} % 10000000000)::VARCHAR, 10, '0')"
            for part in range(1, 5)
        )
        whole = f"left({pool}, {digits})"
        fraction = f" || '.' || right({pool}, {scale})" if scale else ""
        return f"({sign} || {whole}{fraction})"

    # Digits before the point, per shape: sums need room for a factor of ten million.
    shapes = [((38, 10), 18), ((18, 4), 13), ((9, 2), 6), ((30, 0), 29)]
    columns: list[Column] = []
    parts: list[str] = []
    for size, digits in shapes:
        for nullable in (False, True):
            number = len(columns) + 1
            name = f"n{size[0]}_{size[1]}" + ("_null" if nullable else "")
            expression = value(number, digits, size[1])
            if nullable:
                expression = f"CASE WHEN {draw(number + 500)} % 5 > 0 THEN {expression} END"
            columns.append(Column(name, "decimal", size, nullable=nullable))
            parts.append(f"{expression} AS {name}")
    return Table(
        "numerics",
        (Column("id", "bigint", nullable=False), *columns),
        partition="id",
        keys=(("mariadb", "id"),),
        select=", ".join(["i::BIGINT AS id", *parts]),
        rows=NUMERICS_ROWS,
    )


TABLES: dict[str, Table] = {
    table.name: table
    for table in (lineitem(), orders(), wide(), narrow(), text(), numerics())
}

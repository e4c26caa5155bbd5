"""Write Parquet files that no present writer makes: old layouts, and damaged or hostile ones.

usage: parquet_by_hand.py legacy FOLDER    files and their rows, as parquet_samples.py
       parquet_by_hand.py bad FOLDER       files to be refused (Tests/Fixtures/bad_data)
"""

import json
import struct
import sys
from pathlib import Path

# -- thrift compact protocol: a structure is {id: value}; sizes are told by wrappers


class I64(int):
    pass


class I8(int):
    pass


class Count:
    """A list of `items` that claims `count`."""

    def __init__(self, count, items=()):
        self.count, self.items = count, items


def varint(n):
    out = bytearray()
    while n >= 0x80:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    return bytes(out) + bytes([n])


def zigzag(n):
    return varint((n << 1) ^ (n >> 63) if n < 0 else n << 1)


def kind(value):
    if isinstance(value, bool):
        return 1 if value else 2
    if isinstance(value, I8):
        return 3
    if isinstance(value, I64):
        return 6
    if isinstance(value, int):
        return 5
    if isinstance(value, (bytes, str)):
        return 8
    return 12 if isinstance(value, dict) else 9


def encode(value):
    if isinstance(value, bool):
        return b""
    if isinstance(value, I8):
        return bytes([value & 0xFF])
    if isinstance(value, int):
        return zigzag(value)
    if isinstance(value, (bytes, str)):
        data = value.encode() if isinstance(value, str) else value
        return varint(len(data)) + data
    if isinstance(value, dict):
        out = b""
        for key, member in sorted(value.items()):
            if member is None:
                continue
            out += bytes([kind(member)]) + zigzag(key) + encode(member)
        return out + b"\0"
    items = value.items if isinstance(value, Count) else value
    count = value.count if isinstance(value, Count) else len(items)
    return bytes([0xF0 | (kind(items[0]) if items else 12)]) + varint(count) + b"".join(
        encode(item) for item in items
    )


# -- files

REQUIRED, OPTIONAL, REPEATED = 0, 1, 2
INT32, INT64, INT96, BYTES, FIXED = 1, 2, 3, 6, 7
UTF8, MAP, MAP_KEY_VALUE, LIST, DECIMAL = 0, 1, 2, 3, 5


def group(name, repetition, children, converted=None):
    return {3: repetition, 4: name, 5: children, 6: converted}


def leaf(name, repetition, physical, converted=None, length=None, scale=None, precision=None):
    return {1: physical, 2: length, 3: repetition, 4: name, 6: converted, 7: scale, 8: precision}


def page_v1(count, data, encoding=0, levels=3):
    return encode({1: 0, 2: len(data), 3: len(data), 5: {1: count, 2: encoding, 3: levels, 4: levels}}) + data


def dictionary_page(count, data):
    return encode({1: 2, 2: len(data), 3: len(data), 7: {1: count, 2: 2}}) + data


def rle(*runs):
    """Levels of a v1 page: (count, level) runs behind their length."""
    data = b"".join(varint(count << 1) + bytes([level]) for count, level in runs)
    return struct.pack("<I", len(data)) + data


def file(schema, rows, chunks, codec=0, **footer):
    """`chunks`: physical type, path, count of values, pages; a dictionary first if `PLAIN_DICTIONARY`."""
    body, columns = b"PAR1", []
    for physical, path, count, pages in chunks:
        start = len(body)
        body += pages
        meta = {
            1: physical, 2: [0], 3: path, 4: codec, 5: I64(count), 6: I64(len(pages)),
            7: I64(len(pages)), 9: I64(start),
        }
        columns.append({2: I64(0), 3: meta})
    groups = [{1: columns, 2: I64(len(body)), 3: I64(rows)}]
    meta = {1: 1, 2: schema, 3: I64(rows), 4: groups} | {int(k[1:]): v for k, v in footer.items()}
    return close(body, encode(meta))


def close(body, footer):
    return body + footer + struct.pack("<I", len(footer)) + b"PAR1"


def ints(*values):
    return struct.pack(f"<{len(values)}i", *values)


def byte_arrays(*values):
    return b"".join(struct.pack("<I", len(v)) + v for v in values)


def legacy():
    root = group("schema", REQUIRED, 1)
    levels = rle((1, 0), (2, 1), (2, 0))  # repetition: rows of 3, 1 and 1 entries
    yield "list-two-levels", file(
        [root, group("l", OPTIONAL, 1, LIST), leaf("array", REPEATED, INT32)],
        3,
        [(INT32, ["l", "array"], 5, page_v1(5, levels + rle((3, 2), (1, 1), (1, 0)) + ints(7, 8, 9)))],
    ), [["[7,8,9]"], ["[]"], [None]]
    yield "list-two-levels-of-structures", file(
        [
            root, group("l", OPTIONAL, 1, LIST), group("l_tuple", REPEATED, 1),
            leaf("x", OPTIONAL, BYTES, UTF8),
        ],
        3,
        [
            (
                BYTES, ["l", "l_tuple", "x"], 5,
                page_v1(5, levels + rle((1, 3), (1, 2), (1, 3), (1, 1), (1, 0)) + byte_arrays(b"a", b"")),
            )
        ],
    ), [['[{"x":"a"},{"x":null},{"x":""}]'], ["[]"], [None]]
    yield "repeated-without-annotation", file(
        [root, leaf("r", REPEATED, INT32)],
        3,
        [(INT32, ["r"], 5, page_v1(5, levels + rle((3, 1), (2, 0)) + ints(1, 2, 3)))],
    ), [["[1,2,3]"], ["[]"], ["[]"]]
    yield "map-key-value", file(
        [
            root, group("m", OPTIONAL, 1, MAP_KEY_VALUE), group("map", REPEATED, 2),
            leaf("key", REQUIRED, BYTES, UTF8), leaf("value", OPTIONAL, INT32),
        ],
        2,
        [
            (BYTES, ["m", "map", "key"], 3,
             page_v1(3, rle((1, 0), (1, 1), (1, 0)) + rle((2, 2), (1, 0)) + byte_arrays(b"a", b"b"))),
            (INT32, ["m", "map", "value"], 3,
             page_v1(3, rle((1, 0), (1, 1), (1, 0)) + rle((1, 3), (1, 2), (1, 0)) + ints(5))),
        ],
    ), [['{"a":5,"b":null}'], [None]]
    yield "bit-packed-levels", file(
        [root, leaf("i", OPTIONAL, INT32)],
        9,
        [(INT32, ["i"], 9, page_v1(9, bytes([0b10110000, 0b10000000]) + ints(1, 2, 3, 4), levels=4))],
    ), [["1"], [None], ["2"], ["3"], [None], [None], [None], [None], ["4"]]
    yield "plain-dictionary", file(
        [root, leaf("s", REQUIRED, BYTES, UTF8)],
        5,
        [
            (BYTES, ["s"], 5,
             dictionary_page(2, byte_arrays(b"no", b"yes"))
             + page_v1(5, bytes([1]) + varint(4 << 1) + b"\1" + varint(1 << 1 | 1) + b"\0", encoding=2))
        ],
    ), [["yes"], ["yes"], ["yes"], ["yes"], ["no"]]
    yield "decimal-bytes", file(
        [root, leaf("d", REQUIRED, BYTES, DECIMAL, scale=2, precision=20)],
        4,
        [(BYTES, ["d"], 4, page_v1(4, byte_arrays(b"\xff", b"\0\0\x80", b"\x80" + bytes(8), bytes(20))))],
    ), [["-0.01"], ["1.28"], [fixed_point(-(1 << 71), 2)], ["0.00"]]
    yield "timestamp-96", file(
        [root, leaf("t", REQUIRED, INT96)],
        2,
        [(INT96, ["t"], 2,
          page_v1(2, struct.pack("<qi", 1_000, 2_440_589) + struct.pack("<qi", 0, 2_440_587)))],
    ), [["1970-01-02T00:00:00.000001"], ["1969-12-31T00:00:00.000000"]]


def fixed_point(unscaled, scale):
    digits = str(abs(unscaled)).rjust(scale + 1, "0")
    return ("-" if unscaled < 0 else "") + digits[:-scale] + "." + digits[-scale:]


def bad():
    root = group("schema", REQUIRED, 1)
    one = [root, leaf("i", REQUIRED, INT32)]
    optional = [root, leaf("i", OPTIONAL, INT32)]
    text = [root, leaf("s", REQUIRED, BYTES, UTF8)]
    listed = [root, group("l", OPTIONAL, 1, LIST), group("list", REPEATED, 1), leaf("e", OPTIONAL, INT32)]

    def column(schema, pages, count=1, rows=1, physical=INT32, codec=0):
        return file(schema, rows, [(physical, ["c"], count, pages)], codec)

    yield "footer-length", b"PAR1" + struct.pack("<I", 2**31 - 1) + b"PAR1"
    yield "footer-nesting", close(b"PAR1", b"\x9c" * 10_000)
    yield "footer-list-count", close(b"PAR1", encode({1: 1, 2: Count(2**31 - 1), 3: I64(0), 4: []}))
    yield "footer-map-count", close(b"PAR1", b"\x9b" + varint(2**40) + b"\x55")
    yield "footer-endless-number", close(b"PAR1", b"\x15" + b"\xff" * 40)
    yield "schema-depth", file([root] + [group("g", OPTIONAL, 1)] * 500 + [leaf("x", OPTIONAL, INT32)], 0, [])
    yield "schema-children", file([group("schema", REQUIRED, 2**31 - 1), leaf("i", REQUIRED, INT32)], 0, [])
    yield "schema-empty", file([], 0, [])
    yield "fixed-length-negative", file([root, leaf("f", REQUIRED, FIXED, length=-1)], 1, [(FIXED, ["f"], 1, b"")])
    yield "decimal-precision", file([root, leaf("d", REQUIRED, FIXED, DECIMAL, 200, 2, 400)], 1, [(FIXED, ["d"], 1, b"")])
    yield "decimal-too-wide", column(
        [root, leaf("d", REQUIRED, FIXED, DECIMAL, 20, 0, 38)], page_v1(1, b"\x01" + bytes(19)), physical=FIXED)
    yield "page-size", column(one, encode({1: 0, 2: 2**31 - 1, 3: 2**31 - 1, 5: {1: 1, 2: 0, 3: 3, 4: 3}}))
    yield "page-values", column(one, encode({1: 0, 2: 4, 3: 4, 5: {1: 2**31 - 1, 2: 0, 3: 3, 4: 3}}) + ints(1))
    yield "page-missing", column(one, b"")
    yield "page-unknown-encoding", column(one, page_v1(1, ints(1), encoding=77))
    yield "page-header-kind", column(one, b"\x15\x00" + b"\x18" + varint(2**40))
    yield "levels-too-long", column(optional, page_v1(1, struct.pack("<I", 2**32 - 1)))
    strict = listed[:3] + [leaf("e", REQUIRED, INT32)]
    yield "levels-too-high", column(strict, page_v1(1, rle((1, 0)) + rle((1, 3)) + ints(1)))
    yield "level-run-endless", column(optional, page_v1(1, struct.pack("<I", 6) + b"\xff" * 6))
    yield "row-inside-list", column(listed, page_v1(1, rle((1, 1)) + rle((1, 3)) + ints(1)))
    yield "string-length", column(text, page_v1(1, struct.pack("<I", 2**32 - 1)), physical=BYTES)
    yield "dictionary-missing", column(one, page_v1(1, bytes([1]) + varint(2) + b"\0", encoding=8))
    yield "dictionary-index", column(
        one, dictionary_page(1, ints(1)) + page_v1(1, bytes([8]) + varint(2) + b"\xfe", encoding=8))
    yield "dictionary-width", column(
        one, dictionary_page(1, ints(1)) + page_v1(1, bytes([255]) + varint(2) + b"\xfe", encoding=8))
    yield "dictionary-count", column(one, dictionary_page(2**27, ints(1)) + page_v1(1, ints(1)))
    yield "delta-width", column(
        one, page_v1(9, varint(128) + varint(4) + varint(9) + b"\0\0" + b"\x41" * 4 + bytes(64), 5), 9, 9)
    yield "delta-block", column(one, page_v1(9, varint(2**40) + varint(1) + varint(9) + b"\0\0", 5), 9, 9)
    yield "delta-miniblocks", column(one, page_v1(9, varint(128) + varint(0) + varint(9) + b"\0\0", 5), 9, 9)
    lengths = varint(128) + varint(4) + varint(2) + zigzag(-5) + zigzag(2**40) + bytes(4)
    yield "delta-length-negative", column(text, page_v1(2, lengths, 6), 2, 2, BYTES)
    prefixes = varint(128) + varint(4) + varint(1) + zigzag(9)
    yield "delta-prefix", column(text, page_v1(1, prefixes + varint(128) + varint(4) + varint(1) + b"\2" + b"x", 7), physical=BYTES)
    yield "split-short", column(one, page_v1(3, b"\0" * 11, 9), 3, 3)
    bomb = encode({1: 0, 2: 2**30, 3: 8, 5: {1: 1, 2: 0, 3: 3, 4: 3}})
    yield "snappy-bomb", column(one, bomb + varint(2**30) + b"\0" * 3, codec=1)
    yield "lz4-bomb", column(one, bomb + b"\xff" * 8, codec=7)
    small = encode({1: 0, 2: 100, 3: 8, 5: {1: 1, 2: 0, 3: 3, 4: 3}})
    yield "zstd-damaged", column(one, small + b"\x28\xb5\x2f\xfd\xff\xff\xff\xff", codec=6)
    yield "gzip-damaged", column(one, small + b"\x1f\x8b\x08\0\0\0\0\0", codec=2)
    yield "codec-unknown", column(one, page_v1(1, ints(1)), codec=99)
    yield "rows-too-few", column(one, page_v1(1, ints(1)), count=2, rows=2)
    yield "rows-too-many", column(one, page_v1(3, ints(1, 2, 3)), count=1, rows=1)
    yield "int96-inexact", column([root, leaf("t", REQUIRED, INT96)], page_v1(1, b"\1" * 12), physical=INT96)


def main():
    what, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    if what == "legacy":
        for name, data, rows in legacy():
            (folder / f"{name}.parquet").write_bytes(data)
            lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
            (folder / f"{name}.jsonl").write_text("".join(lines))
    else:
        for name, data in bad():
            (folder / f"{name}.parquet").write_bytes(data)


main()

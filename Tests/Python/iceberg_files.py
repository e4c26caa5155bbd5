"""Writes a Parquet file with field ids, as a stand-in for any writer of data files.

    iceberg_files.py PATH COLUMNS

COLUMNS is JSON: a list of {"id", "name", "type", "values"}; `type` is one of pyarrow's names, or
`decimal(p,s)`, whose values are text. Prints the rows and bytes of the file.
"""

import decimal
import json
import os
import re
import sys

import pyarrow as pa
import pyarrow.parquet as parquet

path, columns = sys.argv[1].removeprefix("file://"), json.loads(sys.argv[2])
fields, arrays = [], []
for column in columns:
    match = re.fullmatch(r"decimal\((\d+), ?(\d+)\)", column["type"])
    values = column["values"]
    if match:
        kind = pa.decimal128(int(match[1]), int(match[2]))
        values = [None if v is None else decimal.Decimal(v) for v in values]
    else:
        kind = pa.type_for_alias(column["type"])
    metadata = {b"PARQUET:field_id": str(column["id"]).encode()}
    fields.append(pa.field(column["name"], kind, metadata=metadata))
    arrays.append(pa.array(values, kind))
os.makedirs(os.path.dirname(path), exist_ok=True)
table = pa.Table.from_arrays(arrays, schema=pa.schema(fields))
parquet.write_table(table, path)
print(json.dumps({"rows": table.num_rows, "bytes": os.path.getsize(path)}))

"""Makes tables by pyiceberg in the folder of a filesystem catalog.

    iceberg_foreign.py WAREHOUSE

`py.plain` has two appends and a delete by rewriting; `py.partitioned` is partitioned.
Each gets a hint with the stem of its newest metadata, as pyiceberg itself writes none.
"""

import os
import sys

import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import LongType, NestedField, StringType

warehouse = sys.argv[1]
catalog = SqlCatalog("c", uri="sqlite:///:memory:", warehouse=f"file://{warehouse}")
catalog.create_namespace("py")
schema = Schema(
    NestedField(1, "id", LongType(), required=False),
    NestedField(2, "name", StringType(), required=False),
)
rows = pa.table({"id": pa.array([1, 2, 3], pa.int64()), "name": ["a", "b", None]})


def hint(table):
    location = table.metadata_location.removeprefix("file://")
    stem = os.path.basename(location).removesuffix(".metadata.json")
    with open(os.path.join(os.path.dirname(location), "version-hint.text"), "w") as file:
        file.write(stem)


plain = catalog.create_table("py.plain", schema, location=f"file://{warehouse}/py/plain")
plain.append(rows)
plain.append(rows)
plain.delete("id = 1")
hint(plain)
spec = PartitionSpec(PartitionField(2, 1000, IdentityTransform(), "name"))
partitioned = catalog.create_table(
    "py.partitioned", schema, location=f"file://{warehouse}/py/partitioned", partition_spec=spec
)
partitioned.append(rows)
# Under the names of this layout, as if another program had written the table in place.
location = partitioned.metadata_location.removeprefix("file://")
os.rename(location, os.path.join(os.path.dirname(location), "v3.metadata.json"))

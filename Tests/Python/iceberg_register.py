"""Registers a table by its document in a catalog of pyiceberg's own, and appends a row there.

    iceberg_register.py DOCUMENT
"""

import sys

import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog

catalog = SqlCatalog("c", uri="sqlite:///:memory:")
catalog.create_namespace("n")
table = catalog.register_table("n.t", sys.argv[1])
table.append(pa.Table.from_pylist([{"id": 1000, "name": "of pyiceberg"}],
                                  schema=table.schema().as_arrow()))

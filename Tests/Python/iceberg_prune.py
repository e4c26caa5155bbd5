"""Prints the rows and files pyiceberg keeps for a filter: what the bounds in manifests do.

    iceberg_prune.py FOLDER FILTER
"""

import json
import sys

from pyiceberg.table import StaticTable

scan = StaticTable.from_metadata(sys.argv[1]).scan(row_filter=sys.argv[2])
print(json.dumps({"files": len(list(scan.plan_files())), "rows": scan.to_arrow().num_rows}))

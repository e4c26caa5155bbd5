"""Says of each snapshot of a churned table (churn_postgres.sql) whether it is one of the source's.

    consistency.py TABLE_FOLDER

Prints one line per snapshot: its number of data rows, the sum of their marks, `equal` or what the
writers' own sums say instead. Exits 1 when one is not equal.
"""

import sys

import pyarrow.compute as pc

from lake_reader import open_table


def main():
    table = open_table(sys.argv[1])
    wrong = 0
    for entry in table.history():
        rows = table.scan(
            snapshot_id=entry.snapshot_id, selected_fields=("id", "kind", "mark", "amount")
        ).to_arrow()
        is_data = pc.equal(rows["kind"], "data")
        data, writers = rows.filter(is_data), rows.filter(pc.invert(is_data))
        found = (data.num_rows, int(pc.sum(data["mark"]).as_py()))
        told = (pc.sum(writers["amount"]).as_py(), int(pc.sum(writers["mark"]).as_py()))
        # The same count and sum could come from one row twice and another one not at all.
        is_equal = found == told and pc.count_distinct(rows["id"]).as_py() == rows.num_rows
        wrong += not is_equal
        print(*found, "equal" if is_equal else f"the writers say {told}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()

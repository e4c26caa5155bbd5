"""What other engines do to a table of the lake, by pyiceberg: others.py LOCATION append|rewrite|delete|expire|renew|swap [COLUMN…].

The commit is made in place: the new document gets the next name of the table's own line, and the hint says so.
`append` adds a copy of a row, `rewrite` writes all rows again, `delete` takes the first row away and leaves deletes
of its file behind, `expire` forgets all snapshots but the current one, `renew` drops a
column and adds another of its name and type, `swap` has two columns change their names.
"""

import os
import re
import sys

from pyiceberg.catalog.sql import SqlCatalog


def newest(location):
    """The newest document of the table's own line, whatever a hint that was not written says."""
    folder = os.path.join(location.removeprefix("file://"), "metadata")
    numbers = [int(match[1]) for match in (re.fullmatch(r"v(\d+)\.metadata\.json", name) for name in os.listdir(folder))
               if match]
    return os.path.join(folder, f"v{max(numbers)}.metadata.json")


def commit(location, action, *columns):
    """Returns the number of the new document."""
    before = newest(location)
    catalog = SqlCatalog("others", uri="sqlite:///:memory:")
    catalog.create_namespace("n")
    table = catalog.register_table("n.t", before)
    if action == "append":
        table.append(table.scan().to_arrow().slice(0, 1))
    elif action == "rewrite":
        table.overwrite(table.scan().to_arrow())
    elif action == "delete":
        name = table.schema().fields[0].name
        table.delete(f"{name} = {min(table.scan(selected_fields=(name,)).to_arrow()[name].to_pylist())}")
    elif action == "expire":
        with table.maintenance.expire_snapshots() as expiry:
            for snapshot in table.snapshots()[:-1]:
                if snapshot.snapshot_id != table.current_snapshot().snapshot_id:
                    expiry.by_id(snapshot.snapshot_id)
    elif action == "renew":
        field = table.schema().find_field(columns[0])
        with table.update_schema(allow_incompatible_changes=True) as update:
            update.set_identifier_fields()
            update.delete_column(columns[0])
        with table.update_schema() as update:
            update.add_column(columns[0], field.field_type)
    elif action == "swap":
        with table.update_schema() as update:
            for old, new in zip(columns, ("between", columns[0])):
                update.rename_column(old, new)
        with table.update_schema() as update:
            update.rename_column("between", columns[1])
    else:
        sys.exit(f"there is no action {action}")
    made = table.metadata_location.removeprefix("file://")
    if made == before:
        return None
    version = int(re.match(r"v(\d+)\.", os.path.basename(before))[1]) + 1
    folder = os.path.dirname(before)
    os.rename(made, os.path.join(folder, f"v{version}.metadata.json"))
    with open(os.path.join(folder, "version-hint.text"), "w") as file:
        file.write(str(version))
    return version


if __name__ == "__main__":
    commit(*sys.argv[1:])

"""Compares the tables of two lakes that were made from the same input, with delta-rs and pyarrow.

usage: same_tables.py < {"one": LAKE, "two": LAKE}, LAKE being {"uri", "options"}

Times of arrival differ and so may offsets, as a log numbers its records as it likes; everything else must be equal, row for row.
Prints a JSON list of differences in words.
"""

import json
import os
import sys
from collections import Counter

from deltalake import DeltaTable

OF_THE_LOG = {"log_timestamp", "log_offset"}


def rows(lake, name):
    table = DeltaTable(f"{lake['uri']}/{name}", storage_options=lake.get("options")).to_pyarrow_table()
    columns = [column for column in table.column_names if column not in OF_THE_LOG]
    return columns, Counter(zip(*(table.column(column).to_pylist() for column in columns))), table


def main():
    lakes = json.load(sys.stdin)
    differences = []
    for name in ("events", "rejected", "customer_profiles"):
        (columns, one, _), (other_columns, two, table) = rows(lakes["one"], name), rows(lakes["two"], name)
        if columns != other_columns:
            differences.append(f"{name}: columns {columns} and {other_columns}")
        for row, count in ((one - two) + (two - one)).items():
            if len(differences) < 20:
                differences.append(f"{name}: {one[row]} times in one, {two[row]} in the other: {row}"[:500])
        if "log_offset" in table.column_names:
            streams = [(reason or "").startswith("line:") for reason in table.column("reason").to_pylist()] if name == "rejected" else [0] * len(table)
            places = Counter(zip(streams, table.column("log_partition").to_pylist(), table.column("log_offset").to_pylist()))
            differences.extend(f"{name}: {count} rows of offset {place}" for place, count in places.items() if count > 1)
    json.dump(differences, sys.stdout)


if __name__ == "__main__":
    main()
    # Threads of Arrow that still run would abort the interpreter at its end.
    sys.stdout.flush()
    os._exit(0)

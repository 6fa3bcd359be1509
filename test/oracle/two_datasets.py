"""
Computes four models over two files of JSON lines in plain Python, and compares their tables in the lake and their three published copies.
Reads a JSON request from standard input; prints the differences as a JSON list. The models are described in test/crash/two-datasets.ts.
"""

import json
import os
import sys
import urllib.request
from collections import defaultdict
from datetime import datetime
from decimal import Decimal, InvalidOperation

import psycopg
from deltalake import DeltaTable


def visits_in(path):
    """The good events of a file, each once: (moment, guest, amount)."""
    for record in records(path):
        try:
            amount = Decimal(record["amount"])
        except InvalidOperation:
            continue
        if amount >= 0:
            yield (time(record["moment"]), record["guest"], amount)


def stays_in(path):
    """(moment, room, guest)"""
    for record in records(path):
        if "room" in record:
            yield (time(record["moment"]), record["room"], record["guest"])


def records(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def time(text):
    return datetime.fromisoformat(text)


def expected(visits, stays):
    """The rows of each table, as tuples of text."""
    visits_of, stays_of, guests_of, guests = defaultdict(list), defaultdict(int), defaultdict(set), defaultdict(int)
    for visit in set(visits):
        visits_of[visit[1]].append(visit)
    for _, room, guest in set(stays):
        stays_of[room] += 1
        guests_of[room].add(guest)
        guests[guest] += 1
    latest = max((moment for moment, _, _ in visits), default=None)
    spent = {guest: sum(amount for _, _, amount in own) for guest, own in visits_of.items()}
    silent = {
        guest: int((latest - max(moment for moment, _, _ in own)).total_seconds() // 3600) for guest, own in visits_of.items()
    }
    return {
        "totals": rows((guest, len(own), f"{spent[guest]:.2f}") for guest, own in visits_of.items()),
        "silences": rows(silent.items()),
        "rooms": rows((room, count, len(guests_of[room])) for room, count in stays_of.items()),
        "guests": rows(
            (guest, count, f"{spent[guest]:.2f}" if guest in spent else None) for guest, count in guests.items()
        ),
    }


def rows(tuples):
    return sorted([None if value is None else str(value) for value in one] for one in tuples)


COLUMNS = {
    "totals": ["guest", "visits", "spent"],
    "silences": ["guest", "hours"],
    "rooms": ["room", "stays", "guests"],
    "guests": ["guest", "stays", "spent"],
}


def in_lake(uri, options, table):
    read = DeltaTable(uri, storage_options=options).to_pyarrow_table().to_pylist()
    return rows([row[name] for name in COLUMNS[table]] for row in read)


def in_index(url, index, table):
    address = f"{url}/{index}/_search?size=10000"
    with urllib.request.urlopen(address) as answer:
        hits = json.loads(answer.read(), parse_float=str)["hits"]["hits"]
    found = [[hit["_source"].get(name) for name in COLUMNS[table]] for hit in hits]
    return rows([two_decimals(name, value) for name, value in zip(COLUMNS[table], row)] for row in found)


def two_decimals(name, value):
    return f"{Decimal(value):.2f}" if name == "spent" and value is not None else value


def in_warehouse(url, schema, table):
    with psycopg.connect(url) as connection:
        names = ", ".join(f'"{name}"' for name in COLUMNS[table])
        return rows(connection.execute(f"SELECT {names} FROM {schema}.{table}"))


request = json.load(sys.stdin)
wanted = expected(list(visits_in(request["visits"])), list(stays_in(request["stays"])))
found = {f"{table} in the lake": in_lake(uri, request["options"], table) for table, uri in request["tables"].items()}
for table, index in request["indices"].items():
    found[f"{table} in the index"] = in_index(request["elasticsearch"], index, table)
found["silences in PostgreSQL"] = in_warehouse(request["postgres"], request["schema"], "silences")
differences = []
for place, actual in found.items():
    right = wanted[place.split(" ")[0]]
    if actual != right:
        first = next((pair for pair in zip(actual, right) if pair[0] != pair[1]), "none in what both have")
        differences.append(f"{place}: {len(actual)} rows, not {len(right)}; the first that differs: {first}")
print(json.dumps(differences))
# Threads of Arrow that still run would abort the interpreter at its end.
sys.stdout.flush()
os._exit(0)

"""What the charts of the view Live should show of CSV files, computed from the files alone.

Reads JSON from stdin, {"files": [...], "seconds", "bucket", "by", "value"}, and prints {"buckets", "groups": {name: {"counts", "means",
"latest"}}}: `latest` is the log_offset of the reading that was measured last, of those that were measured at the same time the later row.
"""
import csv
import json
import sys
from datetime import datetime
from fractions import Fraction

asked = json.load(sys.stdin)
rows = []
for name in asked["files"]:
    with open(name, newline="", encoding="utf-8") as file:
        rows.extend(csv.DictReader(file))
for row in rows:
    at = datetime.fromisoformat(row["measured_at"].replace("Z", "+00:00"))
    row["ms"] = round(at.timestamp() * 1000)
    row["bucket"] = row["ms"] // (1000 * asked["bucket"])
last = max(row["bucket"] for row in rows)
numbers = list(range(last - asked["seconds"] // asked["bucket"] + 1, last + 1))
groups = {}
for row in rows:
    groups.setdefault(row[asked["by"]] or "(none)", []).append(row)
answer = {"buckets": [n * asked["bucket"] for n in numbers], "groups": {}}
for name, members in groups.items():
    counts, means = [], []
    for number in numbers:
        inside = [row for row in members if row["bucket"] == number]
        values = [Fraction(row[asked["value"]]) for row in inside if row[asked["value"]]]
        counts.append(len(inside))
        means.append(float(sum(values) / len(values)) if values else None)
    if any(counts):
        latest = sorted(enumerate(members), key=lambda one: (one[1]["ms"], one[0]))[-1][1]
        answer["groups"][name] = {"counts": counts, "means": means, "latest": latest["log_offset"]}
print(json.dumps(answer))

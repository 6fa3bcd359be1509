"""Compares exported CSV files of co2_live with the log, without any code of the project.

Standard input is {"files": [oldest first], "chunks": folder of a local log} or {"files": …, "records": [[partition, offset, value], …]}.
Prints {"rows", "rejected", "differences"}: how many records the contract takes and rejects, and the first differences in words.
"""

import csv
import json
import struct
import sys
from datetime import datetime
from pathlib import Path

HEADER = "reading_id,measured_at,country,city,sector,emissions_tonnes,co2_ppm,temperature_c,sensor_id,log_partition,log_offset"
TEXTS = ("country", "city", "sector", "sensor_id")
NUMBERS = ("emissions_tonnes", "co2_ppm", "temperature_c")


def local_records(folder):
    """The records of a local log, by its file format: docs/architecture.md, "The embedded log"."""
    for path in sorted(Path(folder).glob("*.chunk")):
        data = path.read_bytes()
        length = struct.unpack_from("<I", data, 8)[0]
        header = json.loads(data[16 : 16 + length])
        at = 16 + length
        for block in header["blocks"]:
            offset = int(block["start"])
            while offset < int(block["end"]):
                value_length, key_length = struct.unpack_from("<ii", data, at)
                at += 8 + max(key_length, 0)
                value = data[at : at + value_length].decode() if value_length >= 0 else None
                at += max(value_length, 0)
                if block["stream"] == "events":
                    yield block["partition"], offset, value
                offset += 1


def row_of(value):
    """The row that the file should have of a record; None where the contract rejects it."""
    try:
        reading = json.loads(value)
        time = datetime.fromisoformat(reading["measured_at"])
        numbers = [reading[name] for name in NUMBERS]
        if not all(isinstance(number, (int, float)) for number in numbers):
            return None
        text = time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03}Z"
        return (reading["reading_id"], text, *(reading[name] for name in TEXTS), *map(float, numbers))
    except (ValueError, TypeError, KeyError):
        return None


def exported(path, differences):
    data = Path(path).read_bytes()
    text = data.decode("utf-8", "strict")
    if "\r" in text or not text.endswith("\n"):
        differences.append(f"{path}: a carriage return, or no line feed at the end")
    lines = text.split("\n")
    if lines[0] != HEADER:
        differences.append(f"{path}: header {lines[0]}")
    for fields in csv.reader(lines[1:-1], strict=True):
        row = dict(zip(HEADER.split(","), fields, strict=True))
        yield (int(row["log_partition"]), int(row["log_offset"])), (
            int(row["reading_id"]),
            row["measured_at"],
            *(row[name] for name in TEXTS),
            *(float(row[name]) for name in NUMBERS),
        )


def main():
    request = json.load(sys.stdin)
    records = local_records(request["chunks"]) if "chunks" in request else map(tuple, request["records"])
    differences = []
    expected, rejected = {}, 0
    for partition, offset, value in records:
        row = row_of(value)
        if row is None:
            rejected += 1
        else:
            expected[(partition, offset)] = row
    found, last = {}, {}
    for path in request["files"]:
        for place, row in exported(path, differences):
            partition, offset = place
            if offset <= last.get(partition, -1):
                differences.append(f"{path}: {place} after offset {last[partition]}")
            last[partition] = offset
            found[place] = row
    for place in expected.keys() | found.keys():
        if expected.get(place) != found.get(place):
            differences.append(f"{place}: {found.get(place)} is not {expected.get(place)}")
    print(json.dumps({"rows": len(expected), "rejected": rejected, "differences": differences[:10]}))


main()

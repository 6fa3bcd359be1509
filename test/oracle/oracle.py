"""Compares a lake and an index with what their input should have become, computed here from the rules alone.

usage: oracle.py < REQUEST.json

The request:
  ingestions  the files in the order in which they were ingested: {"file": path to read, "name": path as the lake knows it}
  produced    values put into the topics, after so many of the files ("after") or all of them: {"stream", "partition", "value": base64 or null,
              "expected": "good" or a reason}; the value of a batch that cannot be read ("batch:unreadable") is not looked at
  partitions  of the events topic
  lake        {"uri", "options": storage options of delta-rs}, the folder of the three tables
  index       {"url", "name", "username", "password"} or null

Prints {"differences": the first of them in words, "count": of all, "expected": counts and sample profiles}.
"""

import json
import math
import re
import sys
from base64 import b64decode
from collections import Counter, defaultdict
from datetime import datetime, timedelta, timezone

import contract
import profiles
from contract import ANY, Event, Rejected
from csv_lines import is_utf8, read_rows
from partitioner import partition_of
from stores import microseconds_of, read_index, read_table

SHOWN = 40
DEAD = "dead letters"
MONEY = {"total_spent", "largest_purchase"}
TIMES = {"first_seen", "last_seen"}


class Report:
    def __init__(self):
        self.count = 0
        self.shown = []

    def __call__(self, text):
        self.count += 1
        if self.count <= SHOWN:
            self.shown.append(re.sub(r"(.)\1{40,}", lambda run: f"({run[1]}… {len(run[0])} times)", text)[:1000])


class Expected:
    """Records in the order in which each partition should have them; those without a key may be in any."""

    def __init__(self, partitions):
        self.partitions = partitions
        self.sequences = defaultdict(list)
        self.keyless = Counter()
        self.rows = 0

    def ingest(self, path, name):
        header, rows = read_rows(path)
        users = {}
        for row in rows:
            self.rows += 1
            if row.reason:
                self.sequences[DEAD].append((Rejected(row.reason, ANY, line_payload(row.raw)), name, row.line))
                continue
            outcome = contract.of_fields(header, row.fields)
            user = row.fields[header.index("user_id")]
            # Only what is rejected says in the lake which line it was.
            source = (name, row.line) if isinstance(outcome, Rejected) else (None, None)
            if user == "":
                self.keyless[(outcome, *source)] += 1
                continue
            if user not in users:
                users[user] = partition_of(user.encode(), self.partitions)
            self.sequences[users[user]].append((outcome, *source))

    def put(self, record, report):
        if record.get("stream") == "dead-letters":
            self.sequences[DEAD].append((Rejected(record["expected"], ANY, ANY), None, None))
        elif record["expected"] == "batch:unreadable":
            self.sequences[record["partition"]].append((Rejected(record["expected"], ANY, ANY), None, None))
        else:
            self.produce(record["partition"], record["value"], record["expected"], report)

    def produce(self, partition, value, expected, report):
        data = None if value is None else b64decode(value)
        outcome = contract.of_value(data)
        name = outcome.reason if isinstance(outcome, Rejected) else "good"
        if name != expected:
            report(f"the oracle takes {data!r} for {name}, and the test for {expected}")
        self.sequences[partition].append((outcome, None, None))

    def outcomes(self):
        for sequence in self.sequences.values():
            yield from (outcome for outcome, _, _ in sequence)
        yield from (outcome for outcome, _, _ in self.keyless.elements())


def line_payload(raw):
    return raw.decode("utf-8")[: contract.PAYLOAD_CHARACTERS] if is_utf8(raw) else contract.binary(raw)


def month_of(time):
    """The UTC month of microseconds since the epoch, as `2020-09`."""
    try:
        return (contract.EPOCH + timedelta(microseconds=time)).isoformat()[:7]
    except OverflowError:
        return None


def read_records(lake, report):
    """The lake's records by partition, in the order of their offsets."""
    found = defaultdict(list)
    events = read_table(lake, "events", report)
    for values in zip(*(events[name] for name in contract.COLUMNS), events["log_partition"], events["log_offset"], events["event_month"]):
        event = Event(*values[:9])
        if values[11] != month_of(event.event_time):
            report(f"event_month of {event} is {values[11]}")
        found[values[9]].append((values[10], event, None, None))
    rejected = read_table(lake, "rejected", report)
    for reason, detail, payload, file, line, partition, offset in zip(
        *(rejected[name] for name in ("reason", "detail", "payload", "source_file", "source_line", "log_partition", "log_offset"))
    ):
        stream = DEAD if reason.startswith("line:") else partition
        if stream == DEAD and file is not None and (partition != 0 or not detail):
            report(f"the dead letter of {file}:{line} is in partition {partition} with detail {detail!r}")
        found[stream].append((offset, Rejected(reason, detail, payload), file, line))
    # A batch that cannot be read has none.
    stamped = [stamp for stamp, reason in zip(rejected["log_timestamp"], rejected["reason"]) if reason != "batch:unreadable"]
    for name, stamps in (("events", events["log_timestamp"]), ("rejected", stamped)):
        if any(stamp is None or stamp <= 0 for stamp in stamps):
            report(f"{name} has records without a log_timestamp")
    for stream, records in found.items():
        records.sort(key=lambda record: record[0])
        for one, two in zip(records, records[1:]):
            if one[0] == two[0]:
                report(f"{stream}: offset {one[0]} is in the lake twice")
    return found


def same(expected, found):
    if isinstance(expected, Event) or isinstance(found, Event):
        return expected == found
    pairs = zip(expected, found)
    return all(want == have or want == ANY for want, have in pairs)


def is_keyless(record):
    if isinstance(record, Event) or not (record.payload or "").startswith("{"):
        return False
    try:
        return json.loads(record.payload).get("user_id") in (None, "")
    except ValueError:
        return False


def compare_records(expected, found, report):
    keyless = Counter(expected.keyless)
    for stream in sorted(set(expected.sequences) | set(found), key=str):
        want = expected.sequences.get(stream, [])
        have = []
        for record in found.get(stream, []):
            if stream != DEAD and is_keyless(record[1]) and keyless[record[1:]] > 0:
                keyless[record[1:]] -= 1
            else:
                have.append(record)
        if len(want) != len(have):
            report(f"{stream}: {len(want)} records expected, {len(have)} found (those without a key left out)")
        for i, ((outcome, file, line), (offset, record, found_file, found_line)) in enumerate(zip(want, have)):
            if not same(outcome, record) or (file, line) != (found_file, found_line):
                where = f" of {file}:{line}" if file else ""
                report(f"{stream}, record {i} at offset {offset}{where}: expected {outcome}, found {record} of {found_file}:{found_line}")
                if report.count > SHOWN:
                    break
    for record, count in keyless.items():
        if count:
            report(f"{count} of {record[0]} of {record[1]}:{record[2]} are missing (they have no key)")


def close(want, have):
    return want == have or (want is not None and have is not None and math.isclose(want, have, rel_tol=1e-12))


def compare_profiles(want, table, report):
    have = {row[0]: dict(zip(table, row)) for row in zip(*table.values())}
    if len(have) != len(table["user_id"]):
        report(f"customer_profiles has {len(table['user_id'])} rows for {len(have)} users")
    for user in want.keys() - have.keys():
        report(f"customer_profiles lacks user {user}")
    for user in have.keys() - want.keys():
        report(f"customer_profiles has user {user}, who has no events")
    for user in want.keys() & have.keys():
        for name in profiles.NAMES:
            one, two = want[user][name], have[user][name]
            if not (close(one, two) if name in profiles.DOUBLES else one == two):
                report(f"customer_profiles: {name} of {user} is {two}, not {one}")


def compare_index(want, documents, report):
    for user in {str(user) for user in want} ^ documents.keys():
        report(f"user {user} is in the index or in the profiles, but not in both")
    for user, profile in want.items():
        document = documents.get(str(user))
        if document is None:
            continue
        for name in document.keys() - set(profiles.NAMES):
            report(f"index: {user} has a field {name}")
        for name in profiles.NAMES:
            one, two = profile[name], document.get(name)
            if name == "user_id":
                one = str(one)
            elif name in MONEY:
                one = one if one is None else one / 100
            elif name in TIMES:
                two = microseconds_of(two)
            exact = not (name in profiles.DOUBLES or name in MONEY)
            if not (one == two if exact else close(one, two)):
                report(f"index: {name} of {user} is {two!r}, not {one!r}")


def main():
    request = json.load(sys.stdin)
    report = Report()
    expected = Expected(request["partitions"])
    ingestions = request["ingestions"]
    for position in range(len(ingestions) + 1):
        if position > 0:
            expected.ingest(ingestions[position - 1]["file"], ingestions[position - 1]["name"])
        for record in request.get("produced", []):
            if record.get("after", len(ingestions)) == position:
                expected.put(record, report)
    outcomes = list(expected.outcomes())
    good = [outcome for outcome in outcomes if isinstance(outcome, Event)]
    want = profiles.profiles_of(good)

    compare_records(expected, read_records(request["lake"], report), report)
    compare_profiles(want, read_table(request["lake"], "customer_profiles", report), report)
    if request.get("index"):
        compare_index(want, read_index(request["index"]), report)

    dead = len(expected.sequences[DEAD])
    json.dump(
        {
            "differences": report.shown,
            "count": report.count,
            "expected": {
                "rows": expected.rows,
                "logEvents": len(outcomes) - dead,
                "deadLetters": dead,
                "events": len(good),
                "rejected": dict(sorted(Counter(o.reason for o in outcomes if isinstance(o, Rejected)).items())),
                "duplicates": len(good) - len(set(good)),
                "users": len(want),
                "profileEvents": sum(profile["events"] for profile in want.values()),
                "totalSpent": cents_text(sum(profile["total_spent"] for profile in want.values())),
                "topProfile": readable(max(want.values(), key=lambda profile: (profile["total_spent"], profile["user_id"]), default={})),
            },
        },
        sys.stdout,
    )


def readable(profile):
    """The id and money as text, times in ISO 8601."""
    texts = dict(profile)
    for name, value in profile.items():
        if name in MONEY and value is not None:
            texts[name] = cents_text(value)
        elif name in TIMES:
            texts[name] = f"{datetime.fromtimestamp(value // 1_000_000, timezone.utc):%Y-%m-%dT%H:%M:%SZ}"
        elif name == "user_id":
            texts[name] = str(value)
    return texts


def cents_text(cents):
    return f"{cents // 100}.{cents % 100:02}"


if __name__ == "__main__":
    main()

"""What the dashboard's page should show of files, computed here from the rules alone.

usage: overview.py < REQUEST.json

The request: {"files": [paths], "filters": [{"from", "to", "category", "brand", "segment"}, each optional]}.
Prints {"overviews": [one for each filter], "profiles": {id: {column: value}}, "rejected": {reason: rows}, "rows"}.
"""

import json
import sys
from collections import Counter, defaultdict
from datetime import datetime, timezone

import contract
import profiles
from contract import Event
from csv_lines import read_rows

STEPS = ("view", "cart", "purchase")
MONEY = {"total_spent", "largest_purchase"}
TIMES = {"first_seen", "last_seen"}


def read(files):
    """(events with duplicates, rejected rows by reason, number of rows)"""
    events, rejected, count = [], Counter(), 0
    for path in files:
        header, rows = read_rows(path)
        for row in rows:
            count += 1
            outcome = None if row.reason else contract.of_fields(header, row.fields)
            if isinstance(outcome, Event):
                events.append(outcome)
            else:
                rejected[row.reason or outcome.reason] += 1
    return events, rejected, count


def money(cents):
    return f"{cents // 100}.{cents % 100:02}"


def iso(microseconds):
    return datetime.fromtimestamp(microseconds // 1_000_000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def matches(event, segment, wanted):
    day = iso(event.event_time)[:10]
    return (
        wanted.get("from", day) <= day <= wanted.get("to", day)
        and event.category_code == wanted.get("category", event.category_code)
        and event.brand == wanted.get("brand", event.brand)
        and segment == wanted.get("segment", segment)
    )


def overview(events, segments, wanted):
    def narrowed(without=None):
        others = {name: value for name, value in wanted.items() if name != without}
        return [event for event in events if matches(event, segments[event.user_id], others)]

    rows = narrowed()
    distinct = set(rows)
    purchases = [event for event in distinct if event.event_type == "purchase"]
    customers = {event.user_id for event in distinct}
    spent = defaultdict(int)
    for event in purchases:
        spent[event.user_id] += event.price
    return {
        "numbers": {
            "events": len(rows),
            "customers": len(customers),
            "buyers": len(spent),
            "revenue": money(sum(spent.values())),
        },
        "duplicates": len(rows) - len(distinct),
        "funnel": {
            step: {
                "customers": len({event.user_id for event in distinct if event.event_type == step}),
                "events": sum(event.event_type == step for event in distinct),
            }
            for step in STEPS
        },
        # What can be chosen is narrowed by all filters but its own.
        "segments": dict(Counter(segments[user] for user in {event.user_id for event in narrowed("segment")})),
        "categories": dict(Counter(event.category_code or "no category" for event in set(narrowed("category")))),
        "brands": dict(Counter(event.brand or "no brand" for event in set(narrowed("brand")))),
        "types": dict(Counter(event.event_type for event in distinct)),
        "spent": sorted(cents / 100 for cents in spent.values()),
    }


def printed(profile):
    shown = {}
    for name, value in profile.items():
        if value is not None and name in MONEY:
            value = money(value)
        elif name in TIMES:
            value = iso(value)
        shown[name] = str(value) if name == "user_id" else value
    return shown


def main():
    request = json.load(sys.stdin)
    events, rejected, rows = read(request["files"])
    by_user = profiles.profiles_of(events)
    segments = {user: profile["segment"] for user, profile in by_user.items()}
    answer = {
        "overviews": [overview(events, segments, wanted) for wanted in request["filters"]],
        "profiles": {str(user): printed(profile) for user, profile in by_user.items()},
        "rejected": rejected,
        "rows": rows,
    }
    json.dump(answer, sys.stdout)


main()

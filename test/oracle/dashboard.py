"""What the dashboard's overview should show of a file, in plain Python.

usage: dashboard.py < REQUEST.json

The request: {"file": path, "filters": [{"from", "to", "category", "brand", "segment"}, …], "limit": values of the top lists}.
Prints a list with, for each filter, the answers of /api/overview and its panels.
"""

import json
import sys
from collections import Counter, defaultdict
from datetime import datetime, timedelta

import contract
import profiles
from csv_lines import read_rows

FUNNEL = ("view", "cart", "purchase")
BOUNDS = [0] + [n * 10**power for power in range(10) for n in (1, 2, 5)]


def good_events(path):
    header, rows = read_rows(path)
    outcomes = (contract.of_fields(header, row.fields) for row in rows if not row.reason)
    return [event for event in outcomes if isinstance(event, contract.Event)]


def moment(event):
    return contract.EPOCH + timedelta(microseconds=event.event_time)


def day_of(event):
    return moment(event).strftime("%Y-%m-%d")


def matches(event, wanted, segments):
    return (
        wanted.get("from", "") <= day_of(event) <= wanted.get("to", "9999")
        and ("category" not in wanted or event.category_code == (wanted["category"] or None))
        and ("brand" not in wanted or event.brand == (wanted["brand"] or None))
        and ("segment" not in wanted or segments[event.user_id] == wanted["segment"])
    )


def money(cents):
    return f"{cents // 100}.{cents % 100:02}"


def users(events):
    return len({event.user_id for event in events})


def bought(events):
    return [event for event in events if event.event_type == "purchase"]


def revenue(events):
    return money(sum(event.price for event in bought(events)))


def totals(events):
    return {"events": len(events), "entities": users(events), "purchases": len(bought(events)), "revenue": revenue(events)}


def top(events, column, limit):
    by_value = defaultdict(list)
    for event in events:
        by_value[getattr(event, column)].append(event)
    ranked = sorted(by_value, key=lambda value: (-len(by_value[value]), value is None, value or ""))
    rest = [event for value in ranked[limit:] for event in by_value[value]]
    others = {"values": len(ranked) - limit, **totals(rest)} if rest else None
    return {"items": [{"value": value, **totals(by_value[value])} for value in ranked[:limit]], "others": others}


def overview(events, distinct, segments):
    by_segment = defaultdict(list)
    for event in distinct:
        by_segment[segments[event.user_id]].append(event)
    times = [moment(event).strftime("%Y-%m-%dT%H:%M:%SZ") for event in distinct]
    of_segments = [
        {"segment": name, "entities": users(own), "buyers": users(bought(own)), "revenue": revenue(own)} for name, own in by_segment.items()
    ]
    return {
        "first": min(times, default=None),
        "last": max(times, default=None),
        "events": len(events),
        "duplicates": len(events) - len(distinct),
        "entities": users(distinct),
        "buyers": users(bought(distinct)),
        "revenue": revenue(distinct),
        "funnel": [
            {"step": step, "events": len(own), "entities": users(own)}
            for step in FUNNEL
            for own in [[event for event in distinct if event.event_type == step]]
        ],
        "segments": sorted(of_segments, key=lambda found: (-found["entities"], found["segment"])),
    }


def days(distinct, first, last):
    counts, spent = Counter(), Counter()
    for event in distinct:
        counts[day_of(event), event.event_type] += 1
        spent[day_of(event)] += event.price if event.event_type == "purchase" else 0
    day, found = datetime.fromisoformat(first), []
    while day <= datetime.fromisoformat(last):
        name = day.strftime("%Y-%m-%d")
        found.append({"day": name, "counts": [counts[name, kind] for kind in contract.TYPES], "revenue": money(spent[name])})
        day += timedelta(days=1)
    return {"types": list(contract.TYPES), "days": found}


def spend(distinct):
    spent = Counter()
    for event in bought(distinct):
        spent[event.user_id] += event.price
    places = Counter(max(i for i, bound in enumerate(BOUNDS) if cents >= bound * 100) for cents in spent.values())
    shown = range(min(places), max(places) + 1) if places else []
    return {"buckets": [{"from": f"{BOUNDS[i]}.00", "to": f"{BOUNDS[i + 1]}.00", "entities": places[i]} for i in shown]}


def main():
    request = json.load(sys.stdin)
    events = good_events(request["file"])
    segments = {user: found["segment"] for user, found in profiles.profiles_of(events).items()}
    all_days = sorted(map(day_of, events))
    answers = []
    for wanted in request["filters"]:
        matching = [event for event in events if matches(event, wanted, segments)]
        distinct = list(set(matching))
        first = max(all_days[0], wanted.get("from", ""))
        last = min(all_days[-1], wanted.get("to", "9999"))
        answers.append(
            {
                "": overview(matching, distinct, segments),
                "/days": days(distinct, first, last),
                "/spend": spend(distinct),
                "/categories": top(distinct, "category_code", request["limit"]),
                "/brands": top(distinct, "brand", request["limit"]),
            }
        )
    json.dump(answers, sys.stdout)


main()

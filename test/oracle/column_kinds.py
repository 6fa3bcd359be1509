"""Reads a JSON list of [kind, value as JSON text] on stdin, and prints what each becomes, as a JSON list: a text, null, or [reason]."""

import json
import sys

import contract


def outcome(kind, written):
    given = json.loads(written, parse_int=contract.Literal, parse_float=contract.double)
    try:
        found = contract.json_value(given) if kind == "json" else contract.epoch_microseconds(given, kind)
        return None if found is None else str(found)
    except contract.Broken as broken:
        return f"[{broken}]"


json.dump([outcome(kind, written) for kind, written in json.load(sys.stdin)], sys.stdout)

"""Reads a JSON list of [kind, value as JSON text] on stdin, and prints what each becomes, as a JSON list: a text, null, or [reason]."""

import json
import sys

import contract


READERS = {
    "json": contract.json_value,
    "iso": contract.iso_microseconds,
    "iso_cut": lambda given: contract.iso_microseconds(given, cut=True),
    "whole": contract.whole_number,
    "whole_zero_decimals": lambda given: contract.whole_number(given, zero_decimals=True),
    **{unit: lambda given, unit=unit: contract.epoch_microseconds(given, unit) for unit in contract.UNITS},
}


def outcome(kind, written):
    given = json.loads(written, parse_int=contract.Literal, parse_float=contract.double)
    try:
        found = READERS[kind](given)
        return None if found is None else str(found)
    except contract.Broken as broken:
        return f"[{broken}]"


json.dump([outcome(kind, written) for kind, written in json.load(sys.stdin)], sys.stdout)

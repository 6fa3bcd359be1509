"""What a CSV file holds, by the rules of docs/data-rules.md: a character at a time, with nothing but the language."""

import gzip
from typing import NamedTuple

LIMIT = 131_072
LF, CR, QUOTE, COMMA = b'\n\r",'


class Row(NamedTuple):
    """A record of the file: its fields as text, or why it has none, and the bytes of its first line."""

    line: int
    fields: tuple | None
    reason: str | None
    raw: bytes


def read_bytes(path):
    with open(path, "rb") as file:
        data = file.read()
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def read_rows(path):
    """(header, rows) of a file; the header is None when there is no record at all."""
    data = read_bytes(path)
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
    lines = split_lines(data)
    header, rows, at = None, [], 0
    while at < len(lines):
        line = lines[at]
        if without_ending(line) == b"":
            at += 1
            continue
        fields, reason, used = read_record(lines, at)
        if header is None:
            if reason:
                raise ValueError(f"the header is malformed: {reason}")
            header = fields
        elif reason is None and len(fields) != len(header):
            rows.append(Row(at + 1, None, "line:wrong_field_count", without_ending(line)))
            used = 1
        elif reason is None:
            rows.append(Row(at + 1, fields, None, without_ending(line)))
        else:
            rows.append(Row(at + 1, None, reason, without_ending(line)[:LIMIT]))
        at += used
    return header, rows


def split_lines(data):
    """Physical lines with their line feeds; the last may have none."""
    lines = data.split(b"\n")
    last = lines.pop()
    lines = [line + b"\n" for line in lines]
    return lines + [last] if last else lines


def without_feed(line):
    return line[:-1] if line.endswith(b"\n") else line


def without_ending(line):
    """A carriage return at the very end of the file belongs to a line ending that was cut off."""
    line = without_feed(line)
    return line[:-1] if line.endswith(b"\r") else line


def read_record(lines, at):
    """(fields, reason, physical lines used) of the record that begins on a line; a malformed one uses its first line alone."""
    first = without_ending(lines[at])
    if len(without_feed(lines[at])) > LIMIT:
        return None, "line:too_long", 1
    if b'"' not in first:
        try:
            return tuple(first.decode("utf-8").split(",")), None, 1
        except UnicodeDecodeError:
            return None, "line:invalid_utf8", 1
    if not is_utf8(first):
        return None, "line:invalid_utf8", 1
    raw_fields, used = scan(lines, at)
    if raw_fields is None:
        return None, "line:broken_quote", 1
    try:
        return tuple(field.decode("utf-8") for field in raw_fields), None, used
    except UnicodeDecodeError:
        return None, "line:invalid_utf8", 1


def scan(lines, at):
    """The state machine of RFC 4180: (fields, lines used), or (None, 1) where a quote stands wrong or is never closed."""
    fields, field, state, size = [], bytearray(), "start", 0
    for used, line in enumerate(lines[at:], start=1):
        size += len(line)
        if size - len(line) + len(without_feed(line)) > LIMIT:
            return None, 1
        content_end = len(without_ending(line))
        for place, byte in enumerate(line):
            if state == "quoted":
                if byte == QUOTE:
                    state = "quote"
                else:
                    field.append(byte)
                continue
            if place >= content_end:
                break
            if state == "quote" and byte == QUOTE:
                field.append(byte)
                state = "quoted"
            elif byte == COMMA:
                fields.append(bytes(field))
                field.clear()
                state = "start"
            elif state == "start" and byte == QUOTE:
                state = "quoted"
            elif byte == QUOTE or state == "quote":
                return None, 1
            else:
                field.append(byte)
                state = "bare"
        if state != "quoted":
            fields.append(bytes(field))
            return fields, used
    return None, 1


def is_utf8(data):
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True

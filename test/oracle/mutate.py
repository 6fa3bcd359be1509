"""Writes a CSV file with bytes changed at random, for comparing readers: awkward, broken and valid lines in every mixture.

usage: mutate.py IN OUT SEED SHARE [bom] [crlf] [reorder] [extra] [unended] [gzip]

IN is a clean file. SHARE of its lines get one to four changes each; equal arguments give equal bytes.
"""

import gzip
import random
import sys

PIECES = [
    b'"', b'""', b'"""', b",", b'","', b'",', b',"', b"\n", b"\r\n", b"\r", b"\n\n", b'"\n', b'\n"', b'"\r\n"', b"\\", b'\\"', b"\t", b"\0", b"\x01",
    b"\x7f", b"\xff", b"\xc3", b"\xa9", b"\xed\xa0\x80", b"\xef\xbb\xbf", "é".encode(), "😀".encode(), "\u2028".encode(), b" ", b"-", b"+", b".", b"0",
    b"00", b"9" * 12, b"e5", b"NaN", b"null", b"true", b"UTC", b"'", b";", b"{", b"x" * 300,
]  # fmt: skip


def change(line, chance):
    """A line without its ending, changed once."""
    kind = chance.randrange(6)
    at = chance.randrange(len(line) + 1)
    if kind == 0:
        return line[:at] + line[at + chance.randrange(1, 6) :]
    if kind == 1:
        return line[:at] + bytes([chance.randrange(256)]) + line[at + 1 :]
    if kind in (2, 3):
        return line[:at] + chance.choice(PIECES) + line[at:]
    fields = line.split(b",")
    i = chance.randrange(len(fields))
    if kind == 4:
        fields[i] = b'"' + fields[i].replace(b'"', b'""') + b'"'
    else:
        inside = fields[i][: len(fields[i]) // 2] + chance.choice(PIECES) + fields[i][len(fields[i]) // 2 :]
        fields[i] = b'"' + inside.replace(b'"', b'""') + b'"' if chance.random() < 0.5 else chance.choice(PIECES)
    return b",".join(fields)


def main():
    source, target, seed, share, *flags = sys.argv[1:]
    chance = random.Random(int(seed))
    with open(source, "rb") as file:
        lines = file.read().split(b"\n")[:-1]
    if "reorder" in flags:
        order = list(range(9))
        chance.shuffle(order)
        lines = [b",".join([line.split(b",")[i] for i in order]) for line in lines]
    if "extra" in flags:
        lines = [line + (b',"from, where"' if i else b",origin") for i, line in enumerate(lines)]
    ending = b"\r\n" if "crlf" in flags else b"\n"
    out = [b"\xef\xbb\xbf"] if "bom" in flags else []
    for i, line in enumerate(lines):
        if i > 0 and chance.random() < float(share):
            for _ in range(chance.randrange(1, 5)):
                line = change(line, chance)
        out.append(line + ending)
    data = b"".join(out)
    if "unended" in flags:
        data = data.rstrip(b"\r\n")
    if "gzip" in flags:
        data = gzip.compress(data, mtime=0)
    with open(target, "wb") as file:
        file.write(data)


if __name__ == "__main__":
    main()

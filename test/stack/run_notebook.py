"""Runs the code cells of a notebook one after the other, in its folder, and prints the named variables as JSON: tables of pandas as lists of rows,
all values as text.

The arguments are the notebook and the names.
"""

import json
import os
import sys

path, *names = sys.argv[1:]
with open(path, encoding="utf-8") as file:
    cells = json.load(file)["cells"]
os.chdir(os.path.dirname(path))
space = {"__name__": "__main__"}
for number, cell in enumerate(cells, 1):
    if cell["cell_type"] == "code":
        exec(compile("".join(cell["source"]), f"{path}, cell {number}", "exec"), space)


def plain(value):
    return value.reset_index().astype(str).drop(columns="index", errors="ignore").to_dict("records") if hasattr(value, "to_dict") else value


print(json.dumps({name: plain(space[name]) for name in names}))

r"""The shell's `\copy`: COPY that reads or writes a file of the user's."""

from __future__ import annotations

import re
from typing import NamedTuple

# A table with its columns, or a query in parentheses; the file's name may be quoted.
_COPY = re.compile(
    r"(?P<what>\(.*\)|.*?)\s+(?P<way>from|to)\s+(?P<file>'(?:[^']|'')*'|\S+)(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
STREAMS = ("stdin", "stdout", "pstdin", "pstdout")


class Copy(NamedTuple):
    """What is to be run, and with which file; None for the terminal."""

    sql: str
    reads: bool
    file: str | None


def parse(arguments: str) -> Copy:
    """Take the command's arguments.

    Raises:
        ValueError: they are not as they should be.
    """
    match = _COPY.fullmatch(arguments.strip().rstrip(";"))
    if match is None:
        raise ValueError("\\copy TABLE [(COLUMNS)] from FILE [OPTIONS], or (QUERY) to FILE")
    reads = match["way"].lower() == "from"
    file = match["file"]
    is_stream = file.lower() in STREAMS
    if file.startswith("'"):
        file = file[1:-1].replace("''", "'")
    way = "from stdin" if reads else "to stdout"
    sql = f"copy {match['what']} {way}{match['rest']}"
    return Copy(sql, reads, None if is_stream else file)

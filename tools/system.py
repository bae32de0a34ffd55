"""The content of system.pack: the guest's file tree but for PGDATA, all of it read-only.

What upstream ships, less what only building extensions or connecting to other servers needs, plus
the folders PostgreSQL expects of a POSIX system. Side modules are linked into pglite.wasm, but the
server looks for the file before it calls dlopen, and takes two modules with one inode for the same:
so each keeps its name, as an empty file.
"""

from __future__ import annotations

import stat

from tools.pack import Entry

DIRECTORIES = {
    "dev/shm": 0o1777,  # dynamic shared memory
    "home/postgres": 0o755,
    "tmp": 0o1777,
}
# What initdb and postgres use as pipes to each other; upstream ships them with a greeting inside.
EMPTY = ("pglite/pgstdin", "pglite/pgstdout")
# Read by backends in place of the data directory's: csrc/polling/template.c.
FILES = {
    "pglite/pg_hba.conf": b"local all all trust\nhost all all all trust\n",
}
LEFT_OUT = (
    "home/postgres/.pgpass",  # libpq's, and its passwords are upstream's tests'
    "pglite/password",
    "pglite/include/",
    "pglite/lib/postgresql/pgxs/",
    "pglite/share/doc/",
)


def system_entries(files: dict[str, bytes]) -> list[Entry]:
    """Return the tree as entries of a pack."""
    entries = [Entry(path, stat.S_IFDIR | mode) for path, mode in DIRECTORIES.items()]
    for path, content in {**files, **FILES}.items():
        if path.startswith(LEFT_OUT):
            continue
        executable = path.endswith(".so") or path.startswith("pglite/bin/")
        empty = path.endswith(".so") or path in EMPTY
        mode = stat.S_IFREG | (0o755 if executable else 0o644)
        entries.append(Entry(path, mode, b"" if empty else content))
    return entries

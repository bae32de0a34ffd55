"""The magics: which database, and SQL in a cell."""

from __future__ import annotations

import atexit
from pathlib import Path
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, magics_class
from IPython.display import display

from pglite_native.database.pglite import PGlite
from pglite_native.engine import location
from pglite_native.errors import PGliteError
from pglite_native.notebook.table import Table


@magics_class
class PGliteMagics(Magics):
    """`%pglite` and `%%pglite`."""

    def __init__(self, shell: Any) -> None:
        super().__init__(shell)
        self._db: PGlite | None = None
        self._own: PGlite | None = None  # which is closed with the magics
        self._directory: Path | None = None  # where that is
        atexit.register(self.close)

    @line_cell_magic
    def pglite(self, line: str, cell: str | None = None) -> Table | None:
        """Say which database, or run SQL in it.

        %pglite                     a new one in memory
        %pglite ./shop              a directory's, new if there is none
        %pglite db                  the PGlite that the variable `db` holds

        %%pglite                    run the cell's SQL, at once and in one transaction
        %%pglite name               and keep the last result in a variable

        Without %pglite, %%pglite opens one in memory.
        """
        try:
            if cell is None:
                self._choose(line.strip())
                return None
            return self._run(line.strip(), cell)
        except (PGliteError, OSError, ValueError) as error:
            raise UsageError(str(error)) from error  # IPython prints it without a traceback

    def close(self) -> None:
        """Close what has been opened; idempotent."""
        own, self._own, self._db, self._directory = self._own, None, None, None
        if own is not None:
            own.close()
        atexit.unregister(self.close)

    def _choose(self, place: str) -> None:
        own: PGlite | None = None
        directory: Path | None = None
        value = self._variables.get(place)
        if value is None:
            directory = _directory(place)
            if directory is not None and directory == self._directory:
                return  # it is open: the cell is run once more
            value = own = _opened(directory)
        elif not isinstance(value, PGlite):
            raise ValueError(
                f"{place} is no database: give a variable that holds a PGlite, or a directory"
                f" (./{place})"
            )
        self.close()
        self._db, self._own, self._directory = value, own, directory
        atexit.register(self.close)

    def _run(self, name: str, sql: str) -> Table | None:
        if name and not name.isidentifier():
            raise ValueError(f"%%pglite takes the name of a variable, and not {name!r}")
        if self._db is None or self._db.closed:
            self._choose("")
        assert self._db is not None
        tables = [Table(results) for results in self._db.exec(sql)]
        for table in tables[:-1]:
            display(table)  # type: ignore[no-untyped-call]
        last = tables[-1] if tables else None
        if name:
            self._variables[name] = None if last is None else last.results
        return last

    @property
    def _variables(self) -> dict[str, Any]:
        assert self.shell is not None
        variables: dict[str, Any] = self.shell.user_ns
        return variables


def _directory(place: str) -> Path | None:
    """Return the directory that stands behind the magic; None for memory.

    A bare word is a variable's name, most likely, that is misspelt or has not been set yet.
    """
    if place.startswith("-") or place == "?" or location.is_sql(place):
        raise ValueError(
            f"%pglite takes a directory, or a variable's name, and not {place!r}: SQL stands in a"
            " cell below %%pglite"
        )
    directory = location.directory(place or None)
    if directory is not None and place.isidentifier() and not directory.exists():
        raise ValueError(
            f"{place} is neither a variable nor a directory: a new directory is ./{place}, and"
            " memory is %pglite alone"
        )
    return directory and directory.absolute()


def _opened(directory: Path | None) -> PGlite:
    """Open a database, and say where there is a new one."""
    is_new = directory is not None and not (directory / "PG_VERSION").exists()
    database = PGlite(directory)
    if is_new:
        print(f"a new database, in {directory}")
    return database

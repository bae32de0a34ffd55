"""The types of _arrow, the extension module that csrc/python/arrow.c makes."""

TEXT: int
BINARY: int
BOOLEAN: int
INT16: int
INT32: int
INT64: int
UINT32: int
FLOAT32: int
FLOAT64: int
DATE: int
TIME: int
TIMESTAMP: int
TIMESTAMPTZ: int
DECIMAL: int

class ArrowTable:
    """A result as an Arrow table, for pyarrow, polars, pandas, duckdb, and all others that take
    Arrow's streams. It can be taken any number of times."""

    def __new__(
        cls, runs: list[bytes], columns: tuple[tuple[str, int, int, int], ...], /
    ) -> ArrowTable: ...
    def __arrow_c_stream__(self, requested_schema: object = None) -> object: ...
    def __arrow_c_schema__(self) -> object: ...
    @property
    def num_rows(self) -> int:
        """How many rows there are."""
    @property
    def column_names(self) -> list[str]:
        """The columns' names, in order."""

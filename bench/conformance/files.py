"""A suite of an extension: files of SQL in test/sql, in the order of their names, for psql."""

from __future__ import annotations

from pathlib import Path

from bench.conformance.suite import Suite, outputs


class Files(Suite):
    """Laid out as for pg_regress's --inputdir=test."""

    def tests(self, source: Path) -> list[str]:
        return sorted(path.stem for path in (source / "test" / "sql").iterdir())

    def input(self, source: Path, test: str) -> Path:
        return source / self.inputs.format(test)

    def folder(self, source: Path, test: str) -> Path:
        return source

    def expected(self, source: Path, test: str) -> list[bytes]:
        return outputs(source / "test" / "expected", test)

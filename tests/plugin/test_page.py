"""The beginning of docs/PYTEST.md works as it stands there."""

from __future__ import annotations

import re

import pytest

from tests.plugin.conftest import Run
from tools import ROOT

PAGE = (ROOT / "docs" / "PYTEST.md").read_text(encoding="utf-8")
FILES = {
    name: text
    for text, name in re.findall(r"^```python\n(# (\S+\.py)\n.*?)^```$", PAGE, re.M | re.S)
}
(INI,) = re.findall(r"^```ini\n\[pytest\]\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[:1]
SCHEMA = "create table book (title text)"
BY_CONFTEST = (FILES, "")
BY_INI = ({"test_books.py": FILES["test_books.py"]}, INI)


@pytest.mark.parametrize(("files", "ini"), [BY_CONFTEST, BY_INI], ids=["conftest", "ini"])
def test_a_schema_comes_by_conftest_or_by_ini(run: Run, files: dict[str, str], ini: str) -> None:
    run({**files, "schema.sql": SCHEMA}, ini=ini).assert_outcomes(passed=2)

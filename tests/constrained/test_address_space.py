"""Where addresses are limited, by `ulimit -v`."""

from __future__ import annotations

from pathlib import Path

import pytest

from pglite_native.engine import guest
from tests.engine import child

NEEDED_GIB = {"aot": 5, "wasm3": 1}

SCRIPT = """
import resource, sys, tempfile

gib, tier = int(sys.argv[1]), sys.argv[2]
resource.setrlimit(resource.RLIMIT_AS, (gib << 30, gib << 30))

from pglite_native import Engine
from tests.engine.sql import run, sqlstate, value

with tempfile.TemporaryDirectory() as folder:
    for directory in (None, folder + "/data"):
        with Engine(directory, tier=tier) as engine:
            run(engine, "create table kept as select n from generate_series(1, 1000) n")
            if directory is None:
                print(sqlstate(engine, "create table big as select repeat('x', 1000) x"
                                       " from generate_series(1, 2000000)"))
            if tier == "wasm3":  # the other one's memory is as large as ever
                print(sqlstate(engine, "select array_agg(repeat(n::text, 100000))"
                                       " from generate_series(100000, 200000) n"))
            print(value(engine, "select count(*) from kept"))
"""

REFUSED = """
import resource, sys

resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]), int(sys.argv[1])))

from pglite_native import Engine, EngineMemoryError

try:
    Engine(tier=sys.argv[2])
except EngineMemoryError as error:
    print(error)
"""


@pytest.fixture(params=["aot", "wasm3"])
def tier(request: pytest.FixtureRequest) -> str:
    if request.param == "aot" and not (guest.packaged() / guest.LIBRARY).exists():
        pytest.skip("the guest has not been compiled")
    return str(request.param)


@pytest.mark.long
def test_reservations_shrink(tier: str) -> None:
    """A full disk and a full memory are errors there, and sooner; what is committed stays."""
    out_of_memory = ["53200"] if tier == "wasm3" else []
    printed = child.output(SCRIPT, NEEDED_GIB[tier], tier).split()
    assert printed == ["53100", *out_of_memory, "1000", *out_of_memory, "1000"]


def test_an_error_says_how_much_it_takes(tier: str) -> None:
    printed = child.output(REFUSED, 1 << 29, tier)
    assert "`ulimit -v` is 524288 here" in printed
    assert f"{NEEDED_GIB[tier]} GiB" in printed


def test_the_page_says_how_much_it_takes() -> None:
    page = (Path(child.ROOT) / "docs" / "PLATFORMS.md").read_text(encoding="utf-8")
    assert "`ulimit -v` of 5 GiB, or of 1 GiB by wasm3" in page

"""Which tier runs an engine, and that nothing else depends on it.

The AOT tier's tests need the compiled guest: `make aot`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pglite_native import Engine, EngineError
from pglite_native.engine import guest
from tests.engine.sql import run, sqlstate, value

LIBRARY = guest.packaged() / guest.LIBRARY
compiled = pytest.mark.skipif(not LIBRARY.exists(), reason="not compiled: make aot")


def test_wasm3_is_always_there() -> None:
    with Engine(tier="wasm3") as engine:
        assert engine.tier == "wasm3"
        assert value(engine, "select 6 * 7") == "42"


def test_a_tier_that_does_not_exist() -> None:
    with pytest.raises(ValueError, match="auto, wasm3, aot, native: 'jit'"):
        Engine(tier="jit")  # type: ignore[arg-type]


def test_the_environment_decides_for_auto(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(guest.TIER_VARIABLE, "wasm3")
    with Engine() as engine:
        assert engine.tier == "wasm3"
    monkeypatch.setenv(guest.TIER_VARIABLE, "fastest")
    with pytest.raises(ValueError, match="'fastest'"):
        Engine()


def test_aot_where_nothing_has_been_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(guest.TIER_VARIABLE, raising=False)
    files = guest.files()
    monkeypatch.setattr(guest, "packaged", lambda: tmp_path)
    with pytest.raises(EngineError, match=r"pglite-aot\.so does not exist.*make aot"):
        guest.libraries(files, "aot")
    assert guest.libraries(files, "auto") == guest.Libraries()


def test_a_library_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "pglite-aot.so"
    path.write_bytes(b"no shared object")
    with pytest.raises(EngineError, match="cannot load"):
        guest.Runtime(guest.files(), path)


def test_a_library_of_something_else() -> None:
    with pytest.raises(EngineError, match="has no pglite_aot_module"):
        guest.Runtime(guest.files(), Path(_libm()))


def _libm() -> str:
    with open("/proc/self/maps") as maps:
        return next(line.split()[-1] for line in maps if "/libm" in line)


@compiled
def test_native_is_an_alias_of_aot() -> None:
    with Engine(tier="native") as engine:
        assert engine.tier == "aot"


@compiled
def test_auto_is_aot_where_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(guest.TIER_VARIABLE, raising=False)
    with Engine() as engine:
        assert engine.tier == "aot"


@compiled
@pytest.mark.parametrize(("of", "on"), [("wasm3", "aot"), ("aot", "wasm3")])
def test_a_snapshot_of_one_tier_goes_on_in_the_other(
    of: guest.Tier, on: guest.Tier, tmp_path: Path
) -> None:
    with Engine(tier=of) as engine:
        run(engine, "create table t as select n, md5(n::text) s from generate_series(1, 1000) n")
        run(engine, "prepare q as select count(distinct s) from t where n > $1")
        snapshot = engine.snapshot()
        snapshot.save(tmp_path / "image")
    for image in (snapshot, tmp_path / "image"):
        with Engine(image=image, tier=on) as engine:
            assert engine.tier == on
            assert value(engine, "execute q(10)") == "990"
            run(engine, "delete from t where n > 500")
            with engine.fork() as fork:
                assert value(fork, "execute q(10)") == "490"
            engine.restore(snapshot)
            assert value(engine, "execute q(10)") == "990"


@compiled
def test_a_snapshot_stays_with_its_tier() -> None:
    with Engine(tier="wasm3") as engine:
        snapshot = engine.snapshot()
    with Engine(image=snapshot) as engine:
        assert engine.tier == "wasm3"


LOOPS = {
    "executor": "select count(*) from generate_series(1, 1000000000) a",
    "plpgsql": "do $$ begin loop end loop; end $$",
    "expression": "select sum(factorial(500 + n % 7)) from generate_series(1, 100000000) n",
    "sort": "select n from generate_series(1, 30000000) n order by md5(n::text)",
    "join": "with t as materialized (select generate_series(1, 100000) n)"
    " select count(*) from t a, t b",
}


@compiled
@pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS)
def test_cancel_ends_any_loop(loop: str) -> None:
    with Engine(tier="aot") as engine:
        value(engine, "select 1")
        begun = threading.Timer(0.3, engine.cancel)
        begun.start()
        start = time.monotonic()
        assert sqlstate(engine, loop) == "57014"
        assert time.monotonic() - start < 0.3 + 0.1 * slowness()


@compiled
@pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS)
def test_a_timeout_ends_any_loop(loop: str) -> None:
    with Engine(tier="aot") as engine:
        run(engine, "set statement_timeout = '200ms'")
        start = time.monotonic()
        assert sqlstate(engine, loop) == "57014"
        assert time.monotonic() - start < 0.2 + 0.1 * slowness()


def slowness() -> float:
    """How much longer than on an idle machine things may take here."""
    return 2 + os.getloadavg()[0]


FAULT = """
import ctypes, faulthandler, sys
from pglite_native import Engine
from tests.engine.sql import value
if sys.argv[1] == "before": faulthandler.enable()
engine = Engine(tier="aot")
assert value(engine, "select 1") == "1"
if sys.argv[1] == "after": faulthandler.enable()
ctypes.string_at(8)
"""


@compiled
@pytest.mark.parametrize("enabled", ["before", "after", "never"])
def test_faults_of_others_are_passed_on(enabled: str) -> None:
    """A process that reads a null pointer dies of it, and faulthandler says where."""
    result = subprocess.run(
        [sys.executable, "-c", FAULT, enabled], capture_output=True, text=True, timeout=60
    )
    assert result.returncode == -signal.SIGSEGV
    assert ("Segmentation fault" in result.stderr) == (enabled != "never")

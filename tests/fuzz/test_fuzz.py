"""Every target over its corpus, and some seconds more: docs/FUZZING.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.fuzz.libfuzzer import Unavailable, library
from tests.fuzz.running import repeat, run
from tests.fuzz.targets import HERE, TARGETS, Target

SECONDS = 2  # for each target


def _needs_libfuzzer(target: Target) -> None:
    try:
        if target.is_c:
            library()
    except Unavailable as reason:
        pytest.skip(str(reason))


@pytest.mark.long
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_nothing_is_found(target: Target) -> None:
    _needs_libfuzzer(target)
    result = run(target, SECONDS, seed=1)
    assert not result.failure, result.failure
    assert result.inputs > len(list(target.corpus.iterdir()))


@pytest.mark.long
@pytest.mark.parametrize(
    ("known", "defect"), [(b"FU", "heap-buffer-overflow"), (b"UBSN", "runtime error: shift")]
)
def test_a_defect_is_found_and_how_to_repeat_it_is_said(known: bytes, defect: str) -> None:
    planted = Target("planted", "", ("../tests/fuzz/planted.c",), size=16, counters=256)
    _needs_libfuzzer(planted)
    planted.corpus.mkdir(exist_ok=True)  # git keeps no empty one
    start = planted.corpus / "start"
    start.write_bytes(known)
    found = run(planted, 60, seed=1)
    start.unlink()
    planted.corpus.rmdir()
    assert defect in found.failure
    (path,) = re.findall(r"repeat it: python -m tests\.fuzz planted --input (\S+)", found.failure)
    assert repeat(planted, Path(path)) != 0


def test_every_target_has_a_corpus_and_a_program() -> None:
    programs = {path.stem for path in HERE.glob("fuzz_*.*")} - {"fuzz_planted"}
    assert programs == {f"fuzz_{target.name}" for target in TARGETS}
    assert all(any(target.corpus.iterdir()) for target in TARGETS)

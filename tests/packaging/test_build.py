"""Build steps run when their inputs have changed, and only then."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pglite_native import (
    Engine,
    Snapshot,
    _arrow,
    _closing,
    _engine,
    _messages,
    _rows,
    extensions,
)
from tests.cli import tarballs
from tests.engine.sql import sqlstate
from tools import ROOT
from tools.build import guest_step, link_step, resources_step, vendor_step
from tools.ffi import declarations, make_ffi
from tools.stamp import Step


def copy_step(folder: Path, runs: list[str], settings: tuple[str, ...] = ()) -> Step:
    source, output = folder / "in", folder / "out"

    def copy() -> None:
        runs.append("ran")
        output.write_text(source.read_text() + "".join(settings))

    return Step("copy", copy, inputs=(source,), outputs=(output,), settings=settings)


def test_a_step_runs_once_for_each_content(tmp_path: Path) -> None:
    runs: list[str] = []
    stamps = tmp_path / "stamps"
    (tmp_path / "in").write_text("a")
    assert copy_step(tmp_path, runs).run(stamps)
    assert not copy_step(tmp_path, runs).run(stamps)
    (tmp_path / "in").write_text("a")  # a new time, the same content
    assert not copy_step(tmp_path, runs).run(stamps)
    (tmp_path / "in").write_text("b")
    assert copy_step(tmp_path, runs).run(stamps)
    assert (tmp_path / "out").read_text() == "b"


def test_a_step_runs_again_when_its_output_is_gone_or_a_setting_differs(tmp_path: Path) -> None:
    runs: list[str] = []
    stamps = tmp_path / "stamps"
    (tmp_path / "in").write_text("a")
    copy_step(tmp_path, runs).run(stamps)
    (tmp_path / "out").unlink()
    assert copy_step(tmp_path, runs).run(stamps)
    assert copy_step(tmp_path, runs, settings=("x",)).run(stamps)


def test_a_new_file_in_an_input_folder_counts(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "sub").mkdir(parents=True)
    step = Step("list", lambda: None, inputs=(folder,), outputs=())
    before = step.fingerprint()
    (folder / "sub/file").write_text("a")
    with_file = step.fingerprint()
    (folder / "sub/file").rename(folder / "sub/other")
    assert len({before, with_file, step.fingerprint()}) == 3


def test_a_step_that_failed_leaves_no_stamp(tmp_path: Path) -> None:
    runs: list[str] = []
    stamps = tmp_path / "stamps"
    (tmp_path / "in").write_text("a")
    copy_step(tmp_path, runs).run(stamps)

    def fail() -> None:
        raise OSError("interrupted")

    failing = Step("copy", fail, inputs=(tmp_path / "in",), outputs=(), settings=("new",))
    with pytest.raises(OSError, match="interrupted"):
        failing.run(stamps)
    assert copy_step(tmp_path, runs).run(stamps)


def test_a_step_without_its_output_is_an_error(tmp_path: Path) -> None:
    step = Step("idle", lambda: None, inputs=(), outputs=(tmp_path / "out",))
    with pytest.raises(RuntimeError, match=r"idle did not make .*out"):
        step.run(tmp_path / "stamps")


def test_a_missing_input_is_an_error(tmp_path: Path) -> None:
    step = Step("hungry", lambda: None, inputs=(tmp_path / "gone",), outputs=())
    with pytest.raises(FileNotFoundError):
        step.run(tmp_path / "stamps")


def test_cffi_reads_what_stands_between_the_markers() -> None:
    assert declarations("a /* cffi: begin */ int f(void); /* cffi: end */ b").strip() == (
        "int f(void);"
    )
    with pytest.raises(ValueError, match="once each"):
        declarations("/* cffi: begin */")


def test_the_extension_is_made_of_every_host_layer_and_nothing_of_the_guests() -> None:
    sources = make_ffi(ROOT)._assigned_source[3]["sources"]
    layers = {Path(source).parts[1] for source in sources}
    assert layers == {"base", "platform", "vfs", "guest", "host", "engine"}
    assert len(sources) == len(set(sources))


@pytest.mark.parametrize("plan", [vendor_step, guest_step, link_step, resources_step])
def test_a_planned_step_depends_on_its_own_code(plan: Callable[[], Step]) -> None:
    step = plan()
    inputs = [path for path in step.inputs if path.suffix == ".py"]
    assert inputs
    assert all(path.is_file() for path in inputs)
    assert all(output.exists() for output in step.outputs), "build first: `make build`"


@pytest.fixture
def pristine(tmp_path: Path) -> Path:
    """The sources and the resources as a clone has them that `pip install .` builds in."""
    without = shutil.ignore_patterns("*.so", "__pycache__", "resources")
    for folder in ("pglite_native", "tools"):
        shutil.copytree(ROOT / folder, tmp_path / "clone" / folder, ignore=without)
    resources = Path("pglite_native", "resources")
    (tmp_path / "clone" / resources).symlink_to(ROOT / resources)
    return tmp_path / "clone"


@pytest.mark.long
@pytest.mark.parametrize("step", [("tools.image", "made"), ("tools.aot.training",)])
def test_a_step_takes_the_extension_modules_from_where_they_were_built(
    step: tuple[str, ...], pristine: Path, tmp_path: Path
) -> None:
    built = tmp_path / "built"
    built.mkdir()
    for module in (_arrow, _closing, _engine, _messages, _rows):
        shutil.copy(str(module.__file__), built)
    name, *arguments = step
    engine = built / Path(str(_engine.__file__)).name
    command = [sys.executable, "-m", name, str(engine), *arguments]
    result = subprocess.run(command, cwd=pristine, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert result.stdout or (pristine / "made").exists()


def test_extensions_that_a_user_has_added_are_not_in_the_packaged_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("PGLITE_NATIVE_HOME", str(tmp_path / "home"))
        extensions.add(tarballs.write(tmp_path / "added.tar.gz", tarballs.sql_only("added")))
        command = [sys.executable, "-m", "tools.image", str(_engine.__file__)]
        subprocess.run([*command, str(tmp_path / "image")], check=True, cwd=ROOT)
    with Engine(image=Snapshot.load(tmp_path / "image")) as engine:
        assert sqlstate(engine, "create extension added") == "0A000"

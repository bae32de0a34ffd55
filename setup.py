"""Compile the extension module, and around it run the build's other steps (tools/build.py)."""

from __future__ import annotations

import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build import build
from setuptools.command.build_ext import build_ext
from setuptools.command.sdist import sdist

# A PEP 517 front end does not put the project's own directory on the path.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from tools import ffi
from tools.build import finish, prepare
from tools.python_modules import IS_FREE_THREADED, PYTHON_MODULES


class Build(build):
    """The extension first: the resources that build_py copies are made on the way."""

    sub_commands = [("build_ext", None), ("build_py", None)]  # noqa: RUF012

    def run(self) -> None:
        # Modules that were removed since the last build would get into the wheel.
        for copy in Path(self.build_lib).rglob("*.py"):
            copy.unlink()
        super().run()


class BuildExt(build_ext):
    def run(self) -> None:
        prepare()
        super().run()
        finish(Path(self.get_ext_fullpath(ffi.MODULE)).resolve())

    def build_extensions(self) -> None:
        # Some Pythons have the paths of their own libraries linked into everything that is built
        # for them, which no other machine has.
        linker = self.compiler.linker_so
        self.compiler.linker_so = [word for word in linker if not word.startswith("-Wl,-rpath")]
        super().build_extensions()


class Sdist(sdist):
    """An sdist carries the resources and the edited wasm3, so that it builds offline."""

    def run(self) -> None:
        self.run_command("build_ext")
        super().run()


setup(
    ext_modules=PYTHON_MODULES,
    cffi_modules=["tools/ffi.py:ffi"],
    cmdclass={"build": Build, "build_ext": BuildExt, "sdist": Sdist},
    options={
        # Not build/ itself: what is below build_base is kept out of an sdist.
        "build": {"build_base": "build/setuptools"},
        # cffi compiles against the limited API: one wheel serves every CPython from here on.
        "bdist_wheel": {} if IS_FREE_THREADED else {"py_limited_api": "cp310"},
    },
)

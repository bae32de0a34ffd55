"""The extension modules of csrc/python, for setuptools and for tools/wheels."""

from __future__ import annotations

import sysconfig

from setuptools import Extension

# A Python without the GIL, which has no stable ABI before 3.15.
IS_FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))

NAMES = ("arrow", "closing", "messages", "rows")

# Beside the one that cffi makes, as what cffi calls knows no Python objects.
PYTHON_MODULES = [
    Extension(
        f"pglite_native._{name}",
        [f"csrc/python/{name}.c"],
        depends=[f"csrc/python/{header}.h" for header in ("api", "arrow_abi", "messages")],
        py_limited_api=not IS_FREE_THREADED,
        extra_compile_args=["-std=gnu11", "-O3", "-fvisibility=hidden"],
    )
    for name in NAMES
]

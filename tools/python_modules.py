"""The extension modules of csrc/python, for setuptools and for tools/wheels."""

from __future__ import annotations

from setuptools import Extension

NAMES = ("arrow", "closing", "messages", "rows")

# Beside the one that cffi makes, as what cffi calls knows no Python objects.
PYTHON_MODULES = [
    Extension(
        f"pglite_native._{name}",
        [f"csrc/python/{name}.c"],
        depends=["csrc/python/arrow_abi.h", "csrc/python/messages.h"],
        py_limited_api=True,
        extra_compile_args=["-std=gnu11", "-O3", "-fvisibility=hidden"],
    )
    for name in NAMES
]

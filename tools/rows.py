"""The extension module of csrc/python, for setuptools."""

from __future__ import annotations

from setuptools import Extension

ROWS = Extension(
    "pglite_native._rows",
    ["csrc/python/rows.c"],
    py_limited_api=True,
    extra_compile_args=["-std=gnu11", "-O3", "-fvisibility=hidden"],
)

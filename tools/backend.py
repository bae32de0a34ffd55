"""The build backend: setuptools, told what a checkout needs beyond what an sdist needs.

An sdist wants only a C compiler, cffi and setuptools. A checkout also fetches, compiles for wasm32
and links, and the tools for that are not asked of everybody.
"""

from __future__ import annotations

from typing import Any

from setuptools import build_meta
from setuptools.build_meta import *  # noqa: F403

from tools import IS_SDIST, ROOT, wants_aot

CHECKOUT_REQUIREMENTS = ROOT / "tools" / "requirements-build.txt"
AOT_REQUIREMENTS = ROOT / "tools" / "requirements-aot.txt"

Settings = dict[str, Any] | None


def _requires(base: list[str]) -> list[str]:
    files = [] if IS_SDIST else [CHECKOUT_REQUIREMENTS]
    files += [AOT_REQUIREMENTS] if wants_aot() else []
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    return [*base, *(line for line in lines if line and not line.startswith("#"))]


def get_requires_for_build_wheel(config_settings: Settings = None) -> list[str]:
    return _requires(build_meta.get_requires_for_build_wheel(config_settings))


def get_requires_for_build_editable(config_settings: Settings = None) -> list[str]:
    return _requires(build_meta.get_requires_for_build_editable(config_settings))


def get_requires_for_build_sdist(config_settings: Settings = None) -> list[str]:
    return _requires(build_meta.get_requires_for_build_sdist(config_settings))

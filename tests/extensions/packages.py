"""The npm packages of extensions that PGlite's project publishes, fetched once for all tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from pglite_native.extensions.published import PINS
from vendor import pins
from vendor.fetch import find_archive
from vendor.pins import VendorError

OFFLINE = ("EAI_AGAIN", "ENOTFOUND", "ECONNREFUSED", "ENETUNREACH", "ETIMEDOUT", "EHOSTUNREACH")


def package(name: str) -> Path:
    """Return an extension's package; skip the test where there is no network."""
    published = PINS[name]
    pin = pins.Pin(
        name=published.package,
        registry="npm",
        package=published.specification.rpartition("@")[0],
        version=published.version,
        archive=published.archive,
        sha256=published.sha256,
        licence="Apache-2.0",
        strip=("package/",),
        files=(f"dist/{name}.tar.gz",),
    )
    try:
        return find_archive(pin)
    except VendorError as error:
        if any(code in str(error) for code in OFFLINE):
            pytest.skip(f"no network: {name} cannot be fetched")
        raise

"""The packages of the extensions that PGlite's project publishes, as archives on this machine."""

from __future__ import annotations

from pathlib import Path

from pglite_native.extensions.published import PINS
from vendor.fetch import find_archive
from vendor.pins import Pin


def archive(name: str) -> Path:
    """Return an extension's package, verified, fetching it where there is no copy yet.

    Raises:
        VendorError: it cannot be fetched, or is not what was pinned.
    """
    published = PINS[name]
    pin = Pin(
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
    return find_archive(pin)

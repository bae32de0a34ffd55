"""The npm packages of extensions that PGlite's project publishes, fetched once for all tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.published import archive
from vendor.pins import VendorError

OFFLINE = ("EAI_AGAIN", "ENOTFOUND", "ECONNREFUSED", "ENETUNREACH", "ETIMEDOUT", "EHOSTUNREACH")


def package(name: str) -> Path:
    """Return an extension's package; skip the test where there is no network."""
    try:
        return archive(name)
    except VendorError as error:
        if any(code in str(error) for code in OFFLINE):
            pytest.skip(f"no network: {name} cannot be fetched")
        raise

"""Django's settings, pointed at a server of ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Options that would lead elsewhere: Django keeps a pool for an alias, wherever that leads by now.
UNFIT_OPTIONS = ("passfile", "pool", "service")


def place(original: Mapping[str, Any], host: str, port: str | int, user: str) -> dict[str, Any]:
    """What a database's settings have to be for a server, to be updated in place.

    Connections of other threads have the same dictionary.
    """
    options = {key: value for key, value in original["OPTIONS"].items() if key not in UNFIT_OPTIONS}
    return {"HOST": host, "PORT": str(port), "USER": user, "PASSWORD": "", "OPTIONS": options}

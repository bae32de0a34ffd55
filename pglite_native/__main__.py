"""`python -m pglite_native`: the same as `pglite-native`."""

from __future__ import annotations

from pglite_native.cli import main

if __name__ == "__main__":
    raise SystemExit(main())

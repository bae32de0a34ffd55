"""python -m pglite_native"""

from __future__ import annotations

from pglite_native._cli import main

if __name__ == "__main__":
    raise SystemExit(main())

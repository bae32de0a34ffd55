"""Extensions that came as wheels: pglite-native-NAME, by the extra of that name.

Such a wheel is a package with the extension's tarball and, unless that is all SQL, its compiled
code, which is of the packaged guest with this one extension. Its entry point, in the group below,
has the extension's name.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

from pglite_native.engine import guest
from pglite_native.linker import Part

GROUP = "pglite_native.extensions"
TARBALL = "extension.tar.gz"


def tarball(name: str) -> bytes | None:
    """Return an installed extension's tarball; None: there is no wheel of it."""
    for folder in _folders(name):
        return (folder / TARBALL).read_bytes()
    return None


def compiled(part: Part) -> bytes | None:
    """Return the shared object of what was added, if a wheel has brought just that."""
    for folder in _folders(None):
        library = folder / compiled_name(part)
        if library.exists():
            return library.read_bytes()
    return None


def compiled_name(part: Part) -> str:
    """Return what a part's shared object is called: the wheel says for what machine it is."""
    abi = str(guest.library_abi()).encode()
    return f"{sha256(abi + b' ' + part.binary).hexdigest()}.so"


def _folders(name: str | None) -> Iterator[Path]:
    """Of all installed ones, or of one."""
    for entry in entry_points(group=GROUP):
        spec = find_spec(entry.value) if name in (None, entry.name) else None
        if spec is not None and spec.origin is not None:
            yield Path(spec.origin).parent

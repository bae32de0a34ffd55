"""Add PGlite extensions that are not bundled, on the machine where they are used.

Adding one links its side module onto the packaged guest and puts its files into the guest's tree.
The result is a guest of the user's own, which every engine of theirs runs from then on
(docs/EXTENSIONS.md). An extension's code runs in the guest, with the rights PostgreSQL has there.

The packaged guest's compiled code serves the result, too; what was added is compiled beside it, if
there is a compiler (compiling.py).
"""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path

from pglite_native.aot.compile import Progress
from pglite_native.engine import guest, pack
from pglite_native.engine.store import HOME_VARIABLE, Prepared, Store, home
from pglite_native.errors import ExtensionError
from pglite_native.extension_objects import PROJECTS
from pglite_native.extensions import installed, published
from pglite_native.extensions.bundle import CONTROL, Bundle, parse_bundle, read_bundle
from pglite_native.extensions.compiling import compile_part
from pglite_native.extensions.linking import link_bundles
from pglite_native.linker import cut

PREFIX = "pglite"  # the guest's installation
BUNDLES = "bundles"
NAMES = "extensions.txt"
WHY_INTERPRETED = "interpreted.txt"

# Reads every control file, as CREATE EXTENSION does.
TRIAL = "select count(*) from pg_available_extensions"


class AlreadyAdded(ExtensionError):
    """One was added under a name that this one has."""


def add(
    extension: str | os.PathLike[str],
    *,
    replace: bool = False,
    compile: bool | None = None,
    progress: Progress | None = None,
) -> tuple[str, ...]:
    """Add an extension; return the names it is known by.

    `extension` is its tarball; or the npm package that has it in dist/; or a name, of one that was
    installed as a wheel, or of those that PGlite's project publishes, which then is fetched.
    `replace` puts it in the place of one that was added under the same name.

    What has been added is compiled if a compiler is there. `compile=True` insists on that, and
    False has it interpreted; `why_interpreted` tells. `progress` is called while compiling: with
    what is done, how many steps of it, and of how many.

    Raises:
        ExtensionError: it cannot be added, and why. Nothing has changed.
    """
    name = PROJECTS.get(str(extension), str(extension))
    if name in _bundled() and not Path(extension).exists():
        raise ExtensionError(
            f'{name} is bundled, and need not be added: create extension "{name}" in the database'
        )
    bundle = _find(extension)
    store = _store()
    with store.lock():
        others = []
        for other in _read_added(store):
            if not set(other.names) & set(bundle.names):
                others.append(other)
            elif not replace:
                raise AlreadyAdded(f"{other} was added before: replace it, or remove it first")
        _rebuild(store, [*others, bundle], compile, progress)
    return bundle.names


def remove(name: str, *, progress: Progress | None = None) -> tuple[str, ...]:
    """Remove an added extension; return the names of all that came, and goes, with it.

    Databases that have created it keep their tables, but its functions fail.

    Raises:
        ExtensionError: none was added under this name.
    """
    store = _store()
    with store.lock():
        bundles = _read_added(store)
        gone = [bundle for bundle in bundles if name in bundle.names]
        if not gone:
            raise ExtensionError(f"no extension {name!r} was added")
        _rebuild(store, [bundle for bundle in bundles if bundle not in gone], None, progress)
    return gone[0].names


def added() -> list[str]:
    """Return the names of what was added, sorted."""
    return sorted(_names(_store()))


def provide(names: Sequence[str]) -> None:
    """Add those that are neither bundled nor added yet, of extensions that came as wheels.

    Raises:
        ExtensionError: one is not there at all, or cannot be added.
    """
    if isinstance(names, str):
        raise TypeError(f"extensions is a sequence of names: extensions=[{names!r}]")
    for name in names:
        if name in _names(_store()) or name in _bundled():
            continue
        if installed.tarball(name) is None:
            raise ExtensionError(f"there is no extension {name!r}: {_how_to_get(name)}")
        with suppress(AlreadyAdded):  # by another process, meanwhile
            add(name)


def _how_to_get(name: str) -> str:
    if name in published.WHEELS:
        return published.install(name)
    if name in published.PINS:
        return f"{published.install(name)}, or pglite-native extension add {name}"
    known = (*_bundled(), *published.PINS, *published.WHEELS)
    if (similar := PROJECTS.get(name) or name.replace("-", "_")) in known:
        return f"did you mean {similar}?"
    return "`pglite-native extension list` has those that are; `extension add` takes a tarball"


def why_interpreted() -> str | None:
    """Return why what was added has not been compiled; None if it has, or has no code."""
    current = _store().current()
    path = current / WHY_INTERPRETED if current else None
    return path.read_text() if path and path.exists() else None


def _find(extension: str | os.PathLike[str]) -> Bundle:
    """Read a tarball, or a package with one; or fetch what only has a name."""
    path = Path(extension)
    if isinstance(extension, str) and path.name == extension and not path.suffix:
        found = installed.tarball(extension)
        return parse_bundle(published.fetch(extension) if found is None else found, extension)
    if path.suffix == ".tgz":
        return parse_bundle(published.tarball_in(path.read_bytes(), str(path)), str(path))
    return read_bundle(path)


def _store() -> Store:
    return Store(guest.packaged(), home())


def _read_added(store: Store) -> list[Bundle]:
    current = store.current()
    return [read_bundle(path) for path in sorted((current / BUNDLES).iterdir())] if current else []


def _names(store: Store) -> frozenset[str]:
    current = store.current()
    return _names_in(current) if current else frozenset()


@cache
def _names_in(generation: Path) -> frozenset[str]:
    """A generation does not change."""
    return frozenset((generation / NAMES).read_text().split("\n"))


@cache
def _bundled() -> frozenset[str]:
    """Return the extensions of the packaged guest."""
    entries = pack.unpack((guest.packaged() / "system.pack").read_bytes())
    paths = (entry.path.removeprefix(f"{PREFIX}/") for entry in entries)
    return frozenset(found[1] for path in paths if (found := CONTROL.fullmatch(path)))


def _rebuild(
    store: Store, bundles: Sequence[Bundle], compile: bool | None, progress: Progress | None
) -> None:
    """Make a guest of the packaged one and some bundles, and use it."""
    if not bundles:
        store.use(None)
        return
    # The same set gives the same guest, added in any order.
    bundles = sorted(bundles, key=lambda bundle: bundle.names)
    with store.prepare() as prepared:
        prepared.write("system.pack", _add_files(bundles))
        module = link_bundles(bundles)
        prepared.write("pglite.wasm", module)
        prepared.write(NAMES, "\n".join(n for bundle in bundles for n in bundle.names).encode())
        for bundle in bundles:
            digest = sha256(bundle.tarball).hexdigest()
            prepared.write(f"{BUNDLES}/{digest}.tar.gz", bundle.tarball)
        _try(prepared, bundles)
        if any(bundle.modules for bundle in bundles):
            _compile(prepared, bundles, module, compile, progress)
        _run(prepared, "pglite_native.engine.image", str(prepared.folder / "postgres.image"))
        prepared.use()


def _compile(
    prepared: Prepared,
    bundles: Sequence[Bundle],
    module: bytes,
    compile: bool | None,
    progress: Progress | None,
) -> None:
    """Compile what was linked; or, unless that is insisted on, note why wasm3 interprets it."""
    try:
        if compile is False:
            raise ExtensionError("it was to be interpreted")
        if not (guest.packaged() / guest.LIBRARY).exists():
            raise ExtensionError("the packaged guest has not been compiled")
        part = cut(module)
        if part is not None:
            library = guest.added_library()
            prepared.write(library, installed.compiled(part) or compile_part(part, progress))
            _try_compiled(prepared, bundles, library)
    except ExtensionError as error:
        if compile:
            raise
        prepared.write(WHY_INTERPRETED, str(error).encode())


def _try_compiled(prepared: Prepared, bundles: Sequence[Bundle], library: str) -> None:
    """Start it once more; take the library away if that fails, as it has not without."""
    try:
        _try(prepared, bundles)
    except ExtensionError as error:
        (prepared.folder / library).unlink()
        raise ExtensionError(f"compiled it does not run: {error}") from error


def _add_files(bundles: Sequence[Bundle]) -> bytes:
    tree = {
        entry.path: entry for entry in pack.unpack((guest.packaged() / "system.pack").read_bytes())
    }
    for bundle in bundles:
        for path, content in bundle.files.items():
            entry = _entry(f"{PREFIX}/{path}", content)
            if entry.path in tree:
                raise ExtensionError(
                    f"{bundle}: {path} is there already, of a bundled extension"
                    " or of another one that was added"
                )
            tree[entry.path] = entry
    try:
        return pack.pack(tree.values())
    except pack.PackError as error:
        raise ExtensionError(str(error)) from error


def _entry(path: str, content: bytes) -> pack.Entry:
    """Of a side module, which is linked, the server only looks for the file (tools/system.py)."""
    if path.endswith(".so"):
        return pack.Entry(path, stat.S_IFREG | 0o755)
    return pack.Entry(path, stat.S_IFREG | 0o644, content)


def _try(prepared: Prepared, bundles: Sequence[Bundle]) -> None:
    """Start an engine with the new guest and all its new modules; see whether it answers.

    PostgreSQL checks that a module was made for its version, and each module sets itself up. In a
    process of its own, as there is no knowing what that does.
    """
    modules = ",".join(f'"{name}"' for bundle in bundles for name in bundle.modules)
    setting = f"shared_preload_libraries={modules}"
    _run(prepared, "pglite_native", "sql", "--setting", setting, TRIAL)


def _run(prepared: Prepared, module: str, *arguments: str) -> None:
    """Run a module of this package with the new guest."""
    result = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        # The child finds this package where we have found it.
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
            HOME_VARIABLE: str(prepared.home),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if result.returncode != 0:
        reason = result.stderr.strip() or f"exit status {result.returncode}"
        raise ExtensionError(f"PostgreSQL does not start with it: {reason}")

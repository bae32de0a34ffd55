"""Make the wheels of extensions, of PGlite's project and ours: pglite-native-NAME.

    python -m tools.wheels.extensions [--platform NAME]... [EXTENSION]...

Without names: all, for all platforms. One that is all SQL has one wheel for all of them. The others
have what the extension adds to the packaged guest, compiled; they fit the version of the package
that they are made with, and no other.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import zipfile
from pathlib import Path

from pglite_native.aot.compiler import CONTRACT, wasm2c
from pglite_native.aot.translate import translate
from pglite_native.extensions import installed
from pglite_native.extensions.bundle import Bundle, parse_bundle
from pglite_native.extensions.compiling import BYTES_A_FILE
from pglite_native.extensions.linking import link_bundles
from pglite_native.extensions.published import PINS, WHEELS, tarball_in
from pglite_native.linker import Part, cut
from tools import ROOT
from tools.contrib import build as contrib
from tools.published import archive
from tools.stamp import Step, report
from tools.wheels import guest, licences, zig
from tools.wheels.targets import TARGETS, Target
from vendor.pins import read_toml

BUILD = ROOT / "build" / "wheels" / "extensions"
STAMPS = BUILD / "stamps"
LICENCE_FILES = ("LICENSE", "NOTICE")
NAMES = (*PINS, *WHEELS)
PUBLISHED = "as PGlite's project publishes it ({})"
ORIGIN = "a contrib module of PostgreSQL's"
DATE = (1980, 1, 1, 0, 0, 0)  # the first that a zip file can have: the same comes of the same

METADATA = """\
Metadata-Version: 2.4
Name: {name}
Version: {version}
Summary: The PostgreSQL extension {extension} for pglite-native
License-Expression: {licence}
{files}
Requires-Python: {python}
Requires-Dist: pglite-native=={version}

The PostgreSQL extension {extension}, {origin}, with its code
compiled for pglite-native {version}: `pip install 'pglite-native[{extra}]'`, and then
`Engine(extensions=["{extension}"])`.
"""
WHEEL = """\
Wheel-Version: 1.0
Generator: pglite-native
Root-Is-Purelib: {pure}
"""


def make(name: str, targets: list[Target], output: Path) -> list[Path]:
    """Make an extension's wheels in a folder."""
    tarball = (
        contrib.tarball(name) if name in WHEELS else tarball_in(archive(name).read_bytes(), name)
    )
    bundle = parse_bundle(tarball, name)
    part = cut(link_bundles([bundle])) if bundle.modules else None
    if part is None:
        return [write(name, bundle, None, {}, output)]
    folder = BUILD / name
    sources = _translate(part, folder)
    wheels = []
    for target in targets:
        library = folder / target.name / installed.compiled_name(part)
        _code_step(target, sources, library).run(STAMPS)
        files = {library.name: library.read_bytes()}
        wheels.append(write(name, bundle, target, files, output))
    return wheels


def _translate(part: Part, folder: Path) -> list[Path]:
    """The C files of what the extension adds; those of something else go."""
    folder.mkdir(parents=True, exist_ok=True)
    wasm = folder / f"{installed.compiled_name(part)}.wasm"
    if not wasm.exists():
        for old in (*folder.glob("*.c"), *folder.glob("*.h"), *folder.glob("*.wasm")):
            old.unlink()
        scratch = folder / "part.wasm"
        scratch.write_bytes(part.binary)
        files = -(-len(part.binary) // BYTES_A_FILE)
        translate(scratch, wasm2c(), folder, files, part=part)
        scratch.rename(wasm)  # a mark that all is there
    return sorted(folder.glob("*.c"))


def _code_step(target: Target, sources: list[Path], library: Path) -> Step:
    """Return the step that compiles them for a platform, as the packaged guest's are."""
    folder = library.parent
    jobs = [zig.Job(source, folder / f"{source.stem}.o", guest.flags(source)) for source in sources]

    def make() -> None:
        objects = zig.compile_all(zig.compiler(target.code), jobs)
        zig.link(target, objects, library)

    return Step(
        name=f"{folder.parent.name}-{target.name}",
        action=make,
        inputs=(*sources, *CONTRACT),
        outputs=(library,),
        settings=(repr([job.flags for job in jobs]), *zig.identity(target.code)),
    )


def write(
    extension: str, bundle: Bundle, target: Target | None, files: dict[str, bytes], output: Path
) -> Path:
    """Write a wheel of the tarball and other files of its package; without a target for all."""
    project = read_toml(ROOT / "pyproject.toml")["project"]
    version = project["version"]
    name = f"{project['name']}-{extension}".replace("_", "-")
    package = name.replace("-", "_")
    tags = [f"py3-none-{tag}" for tag in (target.tag if target else "any").split(".")]
    texts = {path: (ROOT / path).read_bytes() for path in LICENCE_FILES}
    texts |= licences.files(extension)
    fields = {
        "name": name,
        "version": version,
        "extension": extension,
        "extra": extension.replace("_", "-"),
        "licence": licences.expression(extension),
        "files": "\n".join(f"License-File: {path}" for path in texts),
        "python": project["requires-python"],
        "origin": ORIGIN
        if extension in WHEELS
        else PUBLISHED.format(PINS[extension].specification),
    }
    info = f"{package}-{version}.dist-info"
    wheel = WHEEL.format(pure=str(target is None).lower())
    content = {
        f"{package}/__init__.py": f'"""{name}: see pglite_native.extensions."""\n'.encode(),
        f"{package}/{installed.TARBALL}": bundle.tarball,
        **{f"{package}/{path}": data for path, data in files.items()},
        **{f"{info}/licenses/{path}": text for path, text in texts.items()},
        f"{info}/METADATA": METADATA.format(**fields).encode(),
        f"{info}/WHEEL": (wheel + "".join(f"Tag: {tag}\n" for tag in tags)).encode(),
        f"{info}/entry_points.txt": f"[{installed.GROUP}]\n{extension} = {package}\n".encode(),
    }
    content[f"{info}/RECORD"] = _record(content, f"{info}/RECORD")
    output.mkdir(parents=True, exist_ok=True)
    path = output / f"{package}-{version}-py3-none-{target.tag if target else 'any'}.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for member, data in content.items():
            entry = zipfile.ZipInfo(member, DATE)
            entry.external_attr = (0o100755 if member.endswith(".so") else 0o100644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            file.writestr(entry, data)
    return path


def _record(content: dict[str, bytes], name: str) -> bytes:
    lines = []
    for path, data in content.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        lines.append(f"{path},sha256={digest},{len(data)}\n")
    return "".join([*lines, f"{name},,\n"]).encode()


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="tools.wheels.extensions", description=__doc__.partition("\n")[0], allow_abbrev=False
    )
    platforms = {target.name: target for target in TARGETS}
    parser.add_argument("names", nargs="*", metavar="EXTENSION", help=f"of {', '.join(NAMES)}")
    parser.add_argument("--platform", action="append", choices=platforms, help="may be repeated")
    parser.add_argument(
        "--output", type=Path, default=ROOT / "dist", help="a folder (default: dist)"
    )
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(NAMES)
    if unknown:
        parser.error(
            f"no such extension: {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}"
        )
    targets = [platforms[name] for name in arguments.platform or platforms]
    for name in arguments.names or NAMES:
        for wheel in make(name, targets, arguments.output):
            report(name, f"{wheel.name}, {wheel.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()

"""Links PGlite's pg_dump with the memory, stack, table and functions that it lacks.

Where pglite.wasm is the server, this is a client: a module by itself, which runs in a guest of its
own. tools/link.py links the server.
"""

from __future__ import annotations

from pathlib import Path

from pglite_native import linker
from tools.guest import CLIENT
from tools.link import command, subsystem_of, validate

STACK_SIZE = 1 << 20  # Emscripten's has 64 KiB

# What pg_dump imports but never calls here.
_JOBS = "called by parallel jobs, which are processes: --jobs is refused"
ALLOWED = {
    "emscripten_exit_with_live_runtime": "called by the server's siglongjmp, PGlite's",
    "__syscall_pipe": _JOBS,
    "__syscall__newselect": _JOBS,
}

POLICY = linker.Policy(
    r"(env|wasi_snapshot_preview1)\.(?!({})$)\w+".format("|".join(ALLOWED)), {"pg_dump": ALLOWED}
)


def link(vendor_dir: Path, guest_dir: Path, out_dir: Path) -> None:
    """Write pg_dump.wasm.

    Raises:
        linker.LinkError: it cannot be linked, or the host has no answer to an import.
    """
    program = (vendor_dir / "pglite-tools" / "dist" / "pg_dump.wasm").read_bytes()
    linked = linker.link(
        linker.empty_base(STACK_SIZE),
        [
            linker.SideModule("pg_dump", program, export=True),
            linker.SideModule(CLIENT, (guest_dir / f"{CLIENT}.wasm").read_bytes(), export=True),
        ],
        POLICY,
    )
    for function in linked.host_functions:
        subsystem_of(function.name)
    out_dir.mkdir(parents=True, exist_ok=True)
    output = out_dir / "pg_dump.wasm"
    output.write_bytes(linked.binary)
    validate(output)
    print(f"link: {output.name} has {len(linked.binary):,} bytes")


if __name__ == "__main__":
    command(__doc__, link)

"""What tools/guest.py makes: side modules with exactly the exports and imports that are meant."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pglite_native.linker.decoder import decode
from pglite_native.linker.module import Kind, Module
from tools.guest import compile, polling_switch
from tools.link import REPLACES, WRAPS

COMMON_EXPORTS = {"__wasm_call_ctors", "__wasm_apply_data_relocs"}
SESSION_EXPORTS = {
    "pglite_attend",
    "pglite_attend_reading",
    "pglite_autovacuum_naptime",
    "pglite_become_backend",
    "pglite_begin_autovacuum",
    "pglite_begin_checkpointer",
    "pglite_checkpoint_timeout",
    "pglite_begin_backend",
    "pglite_begin_session",
    "pglite_begin_shutdown",
    "pglite_begin_wal_writer",
    "pglite_begin_copy",
    "pglite_end_backend",
    "pglite_end_copy",
    "pglite_is_between_transactions",
    "pglite_keep_backend",
    "pglite_raise_signals",
    "pglite_transport_install",
    "pglite_reseed",
}
WRAPPERS = {f"__wrap_{name}" for name in WRAPS} | REPLACES.keys()
POLLING_EXPORTS = {
    "pglite_get_control",
    "pglite_get_input_buffer",
    "pglite_get_output_buffer",
    "pglite_get_buffer_size",
    "pglite_set_buffer_size",
    "pglite_signal_input_ready",
    "pglite_reset_buffers",
    "pglite_has_output",
    "pglite_get_output_length",
    "pglite_ack_output",
}
CLIENT_EXPORTS = {"__syscall_socket", "pg_encoding_to_char", "pglite_transport_install"}
CLIENT_IMPORTS = {
    "__errno_location",
    "__syscall_openat",
    "pgl_set_rw_cbs",
    "pglite_recv",
    "pglite_send",
}
ENCODING_EXPORTS = {
    "LocalToUtf",
    "UtfToLocal",
    "latin2mic",
    "mic2latin",
    "latin2mic_with_table",
    "mic2latin_with_table",
    "local2local",
    "report_invalid_encoding",
    "report_untranslatable_char",
    "pg_encoding_verifymbchar",
    "pg_utf8_islegal",
}
HOST_IMPORTS = {
    "pglite_host_wait",
    "pglite_host_sleep",
    "pglite_host_clone_file",
    "pglite_host_keep_template",
    "pglite_host_need_wal_writer",
    "pglite_host_signal",
    "pglite_host_wake",
    "pglite_recv",
    "pglite_send",
}

# A start function that zeroes variables: memory.fill(__memory_base + ..., 0, ...), perhaps often.
LEB128 = rb"[\x80-\xff]*[\0-\x7f]"
ZEROING = re.compile(
    rb"\0(?:\x41" + LEB128 + rb"\x23\x01\x6a\x41\0\x41" + LEB128 + rb"\xfc\x0b\0)+\x0b", re.DOTALL
)


def modules(folder: Path, polling: bool) -> dict[str, Module]:
    return {file.stem: decode(file.read_bytes()) for file in compile(folder, polling)}


def exports(module: Module) -> set[str]:
    return {export.name for export in module.exports} - COMMON_EXPORTS


def imports(module: Module) -> set[str]:
    return {item.name for item in module.imports if item.kind is Kind.FUNCTION}


@pytest.mark.long
def test_both_transports(tmp_path: Path) -> None:
    objects = modules(tmp_path, polling=True)
    assert exports(objects["polling"]) == SESSION_EXPORTS | WRAPPERS | POLLING_EXPORTS
    assert imports(objects["polling"]) >= HOST_IMPORTS
    assert exports(objects["encoding"]) == ENCODING_EXPORTS
    assert imports(objects["encoding"]) == {"errstart", "errcode", "errmsg", "errfinish"}


def test_callback_transport_only(tmp_path: Path) -> None:
    polling = modules(tmp_path, polling=False)["polling"]
    assert exports(polling) == SESSION_EXPORTS | WRAPPERS
    assert imports(polling) >= HOST_IMPORTS - {"pglite_host_wait"}
    assert "pglite_host_wait" not in imports(polling)


def test_client_programs_have_one_transport(tmp_path: Path) -> None:
    client = modules(tmp_path, polling=True)["client"]
    assert exports(client) == CLIENT_EXPORTS
    assert imports(client) == CLIENT_IMPORTS


def test_no_state_but_memory(tmp_path: Path) -> None:
    """A global that changes would be state outside guest memory."""
    for module in modules(tmp_path, polling=True).values():
        assert not any(item.type.mutable for item in module.globals)
        if module.start is not None:
            assert ZEROING.fullmatch(
                module.code[module.start - len(module.imported(Kind.FUNCTION))]
            )
        assert {item.module for item in module.imports} <= {"env", "GOT.mem", "GOT.func"}


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, True),
        ({"PGLITE_POLLING": "true"}, True),
        ({"PGLITE_POLLING": "1"}, True),
        ({"PGLITE_POLLING": "False"}, False),
        ({"PGLITE_POLLING": "0"}, False),
    ],
)
def test_switch(environ: dict[str, str], expected: bool) -> None:
    assert polling_switch(environ) is expected


def test_switch_is_checked() -> None:
    with pytest.raises(SystemExit, match="PGLITE_POLLING"):
        polling_switch({"PGLITE_POLLING": "maybe"})

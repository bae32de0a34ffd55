"""The link table, read as docs/LINKER.md tells a host to."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pglite_native.linker import LinkError, link
from pglite_native.linker.decoder import decode
from pglite_native.linker.encoder import encode
from pglite_native.linker.module import Data, Kind
from tests.linker.host import Host
from tests.linker.modules import HEAP_BASE, TABLE_SIZE, link_text, results, side

DATA_AND_FUNCTIONS = """
(global (export "datum") i32 (i32.const 8))
(func (export "second") (result i32) (i32.const 2))
(func (export "first") (result i32) (i32.const 1))
(func (export "__wasm_call_ctors"))
(elem (global.get $table_base) 2)
"""


def test_every_export_can_be_looked_up() -> None:
    beta = side("beta", DATA_AND_FUNCTIONS, memory=12, table=1, export=False)
    alpha = side("alpha", '(func (export "only"))', export=False)
    linked = link_text(beta, alpha)
    host = Host(linked.binary)
    assert list(host.modules()) == ["alpha", "beta"]
    _, _, *bases_and_sizes = host.modules()["beta"]
    assert bases_and_sizes == [HEAP_BASE, 12, TABLE_SIZE, 1]

    symbols = host.symbols("beta")
    assert list(symbols) == ["datum", "first", "second"]
    assert symbols["datum"] == [1, HEAP_BASE + 8]
    assert {kind for kind, _ in symbols.values()} == {0, 1}
    # Each function's index leads to its body: i32.const N, end.
    first_defined = len(host.module.imported(Kind.FUNCTION))
    for name, number in (("first", 1), ("second", 2)):
        function = host.table[symbols[name][1]]
        assert host.module.code[function - first_defined] == bytes((0, 0x41, number, 0x0B))
    assert max(host.table) < linked.table_size


def test_names_are_sorted_by_their_bytes() -> None:
    names = ["é", "z", "Z", "_a", "a", "aa", "Ω"]
    text = "".join(f'(func (export "{name}"))' for name in names)
    host = Host(link_text(side("module", text, export=False)).binary)
    assert list(host.symbols("module")) == sorted(names, key=str.encode)


def test_table_lies_below_the_heap_and_is_aligned() -> None:
    linked = link_text(side("module", DATA_AND_FUNCTIONS, memory=9, table=1, export=False))
    host = Host(linked.binary)
    assert host.address % 16 == 0
    assert host.exported("__heap_base") == linked.heap_base
    assert linked.heap_base % 16 == 0
    assert HEAP_BASE + 9 <= host.address < linked.heap_base
    assert host.words(1040, 1) == [linked.heap_base]


def test_table_of_no_modules() -> None:
    assert Host(link_text().binary).modules() == {}


def test_exported_datum_of_a_flagged_module_is_its_address() -> None:
    linked = link_text(side("module", DATA_AND_FUNCTIONS, memory=12, table=1, export=True))
    assert Host(linked.binary).exported("datum") == HEAP_BASE + 8
    assert results(linked.binary)["first"] == "i32:1"


@pytest.mark.parametrize("position", [0, 4, 8, 12, 16, 20])
def test_damaged_table_is_refused(position: int) -> None:
    linked = link_text(side("module", '(func (export "only"))', export=False))
    module = decode(linked.binary)
    *others, table = module.data
    content = bytearray(table.content)
    content[position : position + 4] = b"\xf0\xff\xff\x7f"
    module.data = [*others, Data(table.offset, bytes(content))]
    with pytest.raises(LinkError, match="base module: its link table is damaged"):
        link(encode(module), [])


@pytest.mark.parametrize("change", [lambda data: data.append(data[0]), lambda data: data.clear()])
def test_table_that_is_not_last_is_refused(change: Callable[[list[Data]], None]) -> None:
    module = decode(link_text().binary)
    change(module.data)
    module.data_count = None
    with pytest.raises(LinkError, match="its link table is not in its last data segment"):
        link(encode(module), [])

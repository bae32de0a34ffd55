"""What linked modules do when they run, under an interpreter that is not ours."""

from __future__ import annotations

import pytest

from pglite_native.linker import Policy, empty_base, link
from tests.linker.modules import BASE, HEAP_BASE, TABLE_SIZE, link_text, results, side
from tests.linker.wabt import run, validate


def test_nothing_to_link_changes_nothing_but_the_heap() -> None:
    linked = link_text()
    found = results(linked.binary)
    assert found["base_twice_21"] == "i32:42"
    assert found["base_break"] == f"i32:{linked.heap_base}"
    assert linked.table_size == TABLE_SIZE


def test_function_of_the_base_is_called_directly() -> None:
    caller = side(
        "caller",
        """(import "env" "twice" (func $twice (param i32) (result i32)))
        (func (export "four") (result i32) (call $twice (i32.const 2)))""",
    )
    assert results(link_text(caller).binary)["four"] == "i32:4"


def test_modules_call_each_other_in_both_directions() -> None:
    ping = side(
        "ping",
        """(import "env" "pong" (func $pong (param i32) (result i32)))
        (func (export "ping") (param i32) (result i32)
          (if (result i32) (local.get 0)
            (then (call $pong (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 7))))
        (func (export "start") (result i32) (call $pong (i32.const 9)))""",
    )
    pong = side(
        "pong",
        """(import "env" "ping" (func $ping (param i32) (result i32)))
        (func (export "pong") (param i32) (result i32)
          (i32.add (i32.const 1) (call $ping (local.get 0))))""",
    )
    linked = link_text(ping, pong)
    assert results(linked.binary)["start"] == "i32:17"
    assert linked.modules[0].providers["pong"] == ["pong"]


def test_data_are_placed_behind_each_other_and_aligned() -> None:
    first = side("first", '(data (global.get $memory_base) "abc")', memory=5)
    second = side(
        "second",
        """(data (global.get $memory_base) "\\07\\00\\00\\00")
        (func (export "load") (result i32) (i32.load (global.get $memory_base)))""",
        memory=4,
        align=6,
    )
    linked = link_text(first, second)
    places = [(module.memory_base, module.memory_size) for module in linked.modules]
    assert places == [(HEAP_BASE, 5), (HEAP_BASE + 64, 4)]
    assert results(linked.binary)["load"] == "i32:7"


def test_heap_begins_behind_all_data() -> None:
    linked = link_text(side("big", "", memory=10_000))
    assert linked.heap_base >= HEAP_BASE + 10_000
    assert results(linked.binary)["base_break"] == f"i32:{linked.heap_base}"


def test_memory_grows_if_the_data_need_it() -> None:
    base = BASE.replace(f"i32.const {HEAP_BASE}", f"i32.const {65536 - 8}")
    loader = side(
        "loader",
        """(data (global.get $memory_base) "\\00\\00\\00\\00\\00\\00\\00\\00\\09")
        (func (export "load") (result i32) (i32.load8_u offset=8 (global.get $memory_base)))""",
        memory=64,
    )
    assert results(link_text(loader, base=base).binary)["load"] == "i32:9"


def test_got_has_addresses_of_data() -> None:
    reader = side(
        "reader",
        """(import "GOT.mem" "answer" (global $answer (mut i32)))
        (import "GOT.mem" "theirs" (global $theirs (mut i32)))
        (func (export "sum") (result i32)
          (i32.add (i32.load (global.get $answer)) (i32.load (global.get $theirs))))""",
    )
    owner = side(
        "owner",
        """(global (export "theirs") i32 (i32.const 4))
        (data (global.get $memory_base) "\\00\\00\\00\\00\\08")""",
        memory=8,
    )
    assert results(link_text(reader, owner).binary)["sum"] == "i32:50"


def test_pointers_to_a_function_are_equal_everywhere() -> None:
    """Both to one the base has in its table, and to one that gets its place when linking."""

    def pointers(name: str) -> str:
        return f"""(import "GOT.func" "twice" (global $twice (mut i32)))
        (import "GOT.func" "owned" (global $owned (mut i32)))
        (func (export "{name}_twice") (result i32) (global.get $twice))
        (func (export "{name}_owned") (result i32) (global.get $owned))
        (type $unary (func (param i32) (result i32)))
        (func (export "{name}_call") (result i32)
          (call_indirect (type $unary) (i32.const 8) (global.get $owned)))"""

    owner = side(
        "owner",
        """(func (export "owned") (param i32) (result i32)
          (i32.mul (local.get 0) (i32.const 3)))""",
    )
    found = results(link_text(side("a", pointers("a")), side("b", pointers("b")), owner).binary)
    assert found["a_twice"] == found["b_twice"] == "i32:2"
    assert found["a_owned"] == found["b_owned"]
    assert found["a_call"] == found["b_call"] == "i32:24"


def test_function_in_its_own_elements_gets_no_second_place() -> None:
    module = side(
        "module",
        """(import "GOT.func" "own" (global $own (mut i32)))
        (elem (global.get $table_base) $other $own)
        (func $other (result i32) (i32.const 1))
        (func $own (export "own") (result i32) (i32.sub (global.get $own) (global.get $table_base)))
        """,
        table=2,
    )
    linked = link_text(module)
    assert results(linked.binary)["own"] == "i32:1"
    assert linked.table_size == TABLE_SIZE + 2


def test_own_definition_comes_before_the_base_and_other_modules() -> None:
    def definer(name: str, value: int) -> str:
        return f"""(import "GOT.mem" "answer" (global $answer (mut i32)))
        (import "GOT.func" "which" (global $which (mut i32)))
        (global (export "answer") i32 (i32.const 0))
        (data (global.get $memory_base) "\\{value:02x}\\00\\00\\00")
        (type $getter (func (result i32)))
        (func (export "which") (result i32) (i32.load (global.get $answer)))
        (func (export "{name}") (result i32) (call_indirect (type $getter) (global.get $which)))"""

    modules = (
        side("one", definer("one", 1), memory=4, export=False),
        side("two", definer("two", 2), memory=4, export=False),
        side(
            "caller",
            """(import "env" "one" (func $one (result i32)))
            (import "env" "two" (func $two (result i32)))
            (import "env" "which" (func $which (result i32)))
            (func (export "digits") (result i32)
              (i32.add (i32.mul (i32.const 100) (call $one))
                (i32.add (i32.mul (i32.const 10) (call $two)) (call $which))))""",
        ),
    )
    # The caller, who defines none of them, gets `which` of the first module that does.
    assert results(link_text(*modules).binary)["digits"] == "i32:121"


def test_start_up_functions_have_run() -> None:
    """A start function that sets a global and clears data, and data relocations after it."""
    module = side(
        "module",
        """(import "GOT.mem" "answer" (global $answer (mut i32)))
        (global $address (mut i32) (i32.const 4))
        (data (global.get $memory_base) "\\01\\01\\01\\01\\02\\02\\02\\02\\03\\03\\03\\03")
        (start $start)
        (func $start
          (global.set $address (i32.add (global.get $memory_base) (i32.const 8)))
          (i32.store8 (global.get $memory_base) (i32.const 255))
          (memory.fill (i32.add (global.get $memory_base) (i32.const 4)) (i32.const 0)
            (i32.const 4)))
        (func (export "__wasm_apply_data_relocs")
          (i32.store (i32.add (global.get $memory_base) (i32.const 4)) (global.get $answer))
          (i64.store offset=12 (global.get $memory_base) (i64.const -1)))
        (func (export "first") (result i32) (i32.load (global.get $memory_base)))
        (func (export "pointed") (result i32)
          (i32.load (i32.load offset=4 (global.get $memory_base))))
        (func (export "by_global") (result i32) (i32.load (global.get $address)))
        (func (export "last") (result i64) (i64.load offset=12 (global.get $memory_base)))""",
        memory=20,
    )
    linked = link_text(module)
    found = results(linked.binary)
    assert found["first"] == f"i32:{0x010101FF}"
    assert found["pointed"] == "i32:42"
    assert found["by_global"] == f"i32:{0x03030303}"
    assert found["last"] == f"i64:{2**64 - 1}"


def test_global_that_the_code_writes_stays_one() -> None:
    counter = side(
        "counter",
        """(global $count (mut i32) (i32.const 5))
        (global $big (mut i64) (i64.const 7))
        (func (export "count") (result i32)
          (global.set $count (i32.add (global.get $count) (i32.const 1)))
          (global.set $big (i64.add (global.get $big) (i64.const 1)))
          (i32.add (global.get $count) (i32.wrap_i64 (global.get $big))))
        (func (export "count_again") (result i32) (global.get $count))""",
    )
    found = results(link_text(counter).binary)
    assert (found["count"], found["count_again"]) == ("i32:14", "i32:6")


def test_start_function_that_other_code_calls_still_works() -> None:
    """An optimizer may have merged it with an equal one."""
    module = side(
        "module",
        """(start $clear)
        (func $clear (export "clear") (i32.store (global.get $memory_base) (i32.const 0)))
        (func (export "cleared") (result i32)
          (i32.store (global.get $memory_base) (i32.const 3))
          (call $clear)
          (i32.load (global.get $memory_base)))""",
        memory=4,
    )
    assert results(link_text(module).binary)["cleared"] == "i32:0"


def test_constructors_run_in_link_order() -> None:
    def constructed(name: str, digit: int) -> str:
        return f"""(import "GOT.mem" "answer" (global $answer (mut i32)))
        (func (export "__wasm_call_ctors")
          (i32.store (global.get $answer)
            (i32.add (i32.mul (i32.load (global.get $answer)) (i32.const 10))
              (i32.const {digit}))))
        (func (export "{name}") (result i32) (i32.load (global.get $answer)))"""

    linked = link_text(side("one", constructed("one", 1)), side("two", constructed("two", 2)))
    assert results(linked.binary)["two"] == "i32:4212"


def test_stack_pointer_is_the_base_s() -> None:
    module = side(
        "module",
        """(func (export "push") (result i32)
          (global.set $stack (i32.sub (global.get $stack) (i32.const 16)))
          (global.get $stack))""",
    )
    assert results(link_text(module).binary)["push"] == "i32:2032"


def test_temp_ret_is_the_base_s() -> None:
    module = side(
        "module",
        """(import "env" "setTempRet0" (func $set (param i32)))
        (import "env" "getTempRet0" (func $get (result i32)))
        (func (export "set_and_get") (result i32) (call $set (i32.const 77)) (call $get))""",
    )
    assert results(link_text(module).binary)["set_and_get"] == "i32:77"


def test_new_import_moves_all_functions() -> None:
    module = side(
        "module",
        """(import "env" "invoke_vij" (func $invoke (param i32 i32 i64)))
        (import "env" "host" (func $host (param i32) (result i32)))
        (func (export "use") (result i32)
          (call $invoke (i32.const 1) (i32.const 2) (i64.const 3))
          (call $host (i32.const 4)))""",
    )
    linked = link_text(module)
    ran = run(linked.binary)
    assert ran.results["base_twice_21"] == "i32:42"
    assert ran.host_calls == [
        "env.host(i32:5)",
        "env.invoke_vij(i32:1, i32:2, i64:3)",
        "env.host(i32:4)",
    ]
    assert [function.name for function in linked.host_functions if function.is_new] == [
        "invoke_vij"
    ]
    assert linked.host_functions[-1].type == "(i32, i32, i64) -> ()"


def test_import_that_the_policy_grants() -> None:
    module = side(
        "module",
        """(import "env" "wait" (func $wait (param i32) (result i32)))
        (func (export "use") (result i32) (call $wait (i32.const 1)))""",
    )
    linked = link_text(module, policy=Policy(host_imports=r"env\.wait"))
    assert "env.wait(i32:1)" in run(linked.binary).host_calls


def test_only_flagged_modules_are_exported() -> None:
    text = """(func (export "{0}") (result i32) (i32.const 1))
        (global (export "{0}_datum") i32 (i32.const 0))"""
    shown = side("shown", text.format("shown"), export=True)
    hidden = side("hidden", text.format("hidden"), export=False)
    found = results(link_text(shown, hidden).binary)
    assert "shown" in found
    assert "hidden" not in found


def test_imported_function_that_is_exported_again() -> None:
    module = side(
        "module",
        """(import "env" "base_twice_21" (func $imported (result i32)))
        (export "again" (func $imported))""",
    )
    assert results(link_text(module).binary)["again"] == "i32:42"


@pytest.mark.parametrize("labels", [1, 3, 200])
def test_branch_tables_are_stepped_over(labels: int) -> None:
    module = side(
        "module",
        f"""(import "env" "twice" (func $twice (param i32) (result i32)))
        (func (export "branch") (result i32)
          {"(block " * labels}
            (br_table {" ".join(map(str, range(labels)))} (i32.const {labels - 1}))
          {")" * labels}
          (call $twice (i32.const 6)))""",
    )
    assert results(link_text(module).binary)["branch"] == "i32:12"


def test_weak_symbols_may_be_missing() -> None:
    module = side(
        "module",
        """(import "env" "optional" (func $optional))
        (import "GOT.func" "optional" (global $optional_pointer (mut i32)))
        (import "GOT.mem" "optional_datum" (global $datum (mut i32)))
        (func (export "call") (if (global.get $optional_pointer) (then (call $optional))))
        (func (export "missing") (result i32)
          (i32.eqz (i32.or (global.get $optional_pointer) (global.get $datum))))""",
        weak=("optional", "optional_datum"),
    )
    found = results(link_text(module).binary)
    assert (found["call"], found["missing"]) == ("", "i32:1")


HEAP = """(import "GOT.mem" "__heap_base" (global $heap (mut i32)))
(func (export "heap_base") (result i32) (global.get $heap))"""


def test_a_module_with_a_malloc_of_its_own_knows_where_the_heap_begins() -> None:
    linked = link_text(side("program", HEAP), side("other", "", memory=100))
    assert results(linked.binary)["heap_base"] == f"i32:{linked.heap_base}"


def test_an_empty_base_is_a_memory_with_a_stack_and_a_table() -> None:
    program = side(
        "program",
        HEAP
        + """(elem (global.get $table_base) $seven)
        (type $number (func (result i32)))
        (func $seven (result i32) (i32.const 7))
        (func (export "stack") (result i32) (global.get $stack))
        (func (export "call") (result i32) (call_indirect (type $number) (global.get $table_base)))
        (func (export "store") (result i32)
          (i32.store (global.get $heap) (i32.const 5)) (i32.load (global.get $heap)))""",
        table=1,
    )
    linked = link(empty_base(4096), [program])
    validate(linked.binary)
    found = results(linked.binary)
    assert (found["stack"], found["call"], found["store"]) == ("i32:4096", "i32:7", "i32:5")
    assert found["heap_base"] == f"i32:{linked.heap_base}"
    assert linked.heap_base > 4096

"""PostgreSQL's own tests: what is decided about their outputs, and the page that says it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from bench.conformance import contrib, page, reasons, source
from bench.conformance.__main__ import main
from bench.conformance.arguments import parse
from bench.conformance.compare import Difference, difference, least, normalised
from bench.conformance.files import Files
from bench.conformance.report import Result, SuiteResult, line
from bench.conformance.run import execute
from bench.conformance.schedule import tests as scheduled
from bench.conformance.store import Ran, Store
from bench.conformance.suite import Suite
from bench.conformance.suites import SUITES
from bench.conformance.verdicts import judge
from bench.conformance.work import Work, unknown
from bench.report import RESULTS
from pglite_native.extensions.published import WHEELS
from vendor.debian import matching_version
from vendor.fetch import LOCAL_VARIABLE

REGRESS = SUITES["regress"]


def ran(output: bytes, exit_status: int | None = 0) -> Ran:
    return Ran(output, 1.5, exit_status)


def result(date: str, tier: str = "aot", **outputs: Mapping[str, bytes]) -> Result:
    """By suite the outputs of its tests, where the native server's, and the expected, is `a`."""
    suites = [
        SuiteResult(
            suite, [judge(test, ran(out), ran(b"a\n"), [b"a\n"]) for test, out in of.items()]
        )
        for suite, of in outputs.items()
    ]
    only = None if len(outputs) > 1 else next(iter(outputs))
    return Result(date, "c0ffee", "python -m bench.conformance", {"tier": tier}, suites, only)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """As the source unpacked, with two tests in each suite."""
    for suite in SUITES.values():
        folder = tmp_path / suite.name
        (folder / "expected").mkdir(parents=True)
        text = "# comment\ntest: test_setup\n\ntest: one two\n"
        if suite.schedule:
            (folder / suite.schedule).write_text(text)
        if isinstance(suite, Files):
            (tmp_path / "test" / "sql").mkdir(parents=True, exist_ok=True)
    for module in (*contrib.MODULES, *WHEELS):
        (tmp_path / contrib.FOLDER / module / "sql").mkdir(parents=True)
        (tmp_path / contrib.FOLDER / module / "sql" / "init.sql").touch()
        (tmp_path / contrib.FOLDER / module / "Makefile").write_text("REGRESS = init a b\n")
    return tmp_path


def test_a_schedule_has_tests_in_order_and_comments() -> None:
    assert scheduled("# test: no\ntest: a\n\ntest: b c\nignore: d\n") == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("described", "version"),
    [
        ("Version: 18.7-1\nFormat: 3.0\n\nVersion: 18.6-3\n", "18.6-3"),
        ("Version: 18.60-1\n", None),
        ("Standards-Version: 18.6-3\n", None),
        ("", None),
    ],
)
def test_a_package_version_is_found_by_the_upstream_one(
    described: str, version: str | None
) -> None:
    assert matching_version(described, "18.6") == version


def test_folders_are_one_word_in_every_output() -> None:
    output = b'could not open "/tmp/x/files/results/a", "/tmp/x/b"'
    expected = b'could not open "SOURCE/results/a", "SOURCE/b"'
    assert normalised(output, ["/tmp/x", "/tmp/x/files"]) == expected


def test_a_difference_counts_lines_on_both_sides() -> None:
    assert difference(b"a\nb\n", b"a\nb\n") is None
    found = difference(b"a\nb\nc\n", b"a\nx\ny\nc\n")
    assert found is not None
    assert found.lines == 3
    assert "-b\n+x\n+y\n" in found.text


@pytest.mark.parametrize("output", [b"a", b"a\n\n", b"a \n", b"\xe4\n"])
def test_no_difference_is_too_small(output: bytes) -> None:
    found = difference(b"a\n" if output != b"\xe4\n" else b"\xe5\n", output)
    assert found is not None
    assert found.lines >= 1


def test_the_nearest_of_several_outputs_is_compared_with() -> None:
    assert least([b"x\n", b"a\n"], b"a\n") is None
    found = least([b"x\ny\nz\n", b"a\nb\n"], b"a\n")
    assert found is not None
    assert found.lines == 1
    assert least([], b"a\n") == Difference(1, "nothing is expected\n")


def test_equal_is_as_native_or_as_expected() -> None:
    assert judge("t", ran(b"n"), ran(b"n"), [b"e"]).is_equal
    assert judge("t", ran(b"e"), ran(b"n"), [b"d", b"e"]).is_equal
    assert judge("t", ran(b"e"), None, [b"e"]).is_equal
    assert not judge("t", ran(b"o"), ran(b"n"), [b"e"]).is_equal
    assert not judge("t", ran(b"o"), None, [b"e"]).is_equal


def test_what_is_shown_is_the_difference_from_native() -> None:
    verdict = judge("t", ran(b"a\nb\n", None), ran(b"a\n"), [b"x\ny\n"])
    assert verdict.difference == verdict.from_native
    assert verdict.is_cut_short
    assert line("regress", verdict, None) == "regress t: different, 1 line, time limit, 1.5 s"
    assert line("regress", verdict, "So.").endswith(" (So.)")
    assert judge("t", ran(b"e"), ran(b"n"), [b"e"]).difference is None


def test_an_output_is_stored_with_its_facts(tmp_path: Path) -> None:
    store = Store(tmp_path / "native" / "regress")
    assert store.read("t") is None
    for each in (ran(b"\xff\n"), ran(b"", None)):
        store.write("t", each)
        assert store.read("t") == each


def test_a_test_is_ended_with_what_it_has_started(tmp_path: Path) -> None:
    (tmp_path / "sql").mkdir()
    file = tmp_path / "sql" / "t.sql"
    file.write_text("echo first; sleep 60 & sleep 60")
    started = time.monotonic()
    cut = execute(["sh"], file, {}, 0.5, tmp_path)
    assert (cut.output, cut.exit_status) == (b"first\n", None)
    file.write_text("pwd; echo $GREETING >&2; exit 3")
    whole = execute(["sh"], file, {"GREETING": "hello"}, 30, tmp_path)
    assert (whole.output, whole.exit_status) == (f"{tmp_path}\nhello\n".encode(), 3)
    assert time.monotonic() - started < 30


def test_the_environment_is_not_inherited(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGHOST", "PGOPTIONS", "LC_ALL", "LANG"):
        monkeypatch.setenv(name, "mine")
    environment = REGRESS.environment("boolean", "/files", 60)
    assert "mine" not in environment.values()
    assert environment["PG_ABS_SRCDIR"] == "/files"
    assert environment["PGAPPNAME"] == "regress/boolean"
    assert environment["PATH"]


def test_alternative_outputs_are_expected_too(tree: Path) -> None:
    for name in ("one", "one_2", "one_more", "one_10"):
        (tree / "regress" / "expected" / f"{name}.out").write_text(name)
    assert REGRESS.expected(tree, "one") == [b"one", b"one_2"]


@pytest.mark.parametrize(
    ("words", "suite", "tests"),
    [
        ([], "regress", ["test_setup", "one", "two"]),
        (["two"], "regress", ["test_setup", "two"]),
        (["two"], "isolation", ["two"]),
        (["two", "--dsn", "host=x"], "regress", ["two"]),
        (["other"], "regress", []),
    ],
)
def test_some_tests_come_behind_what_they_need(
    tree: Path, words: list[str], suite: str, tests: list[str]
) -> None:
    assert Work(parse(None, words), SUITES[suite], tree).tests == tests


def test_tests_that_no_suite_has_are_named(tree: Path) -> None:
    all = [Work(parse(None, []), SUITES[name], tree) for name in ("regress", "contrib", "pgvector")]
    assert unknown(["two", "three"], all) == ["three"]


@pytest.mark.parametrize(
    "words",
    [["--dsn", "x", "--side", "ours"], ["--files", "/x"], ["--suite", "other"]],
)
def test_arguments_that_make_no_sense_are_refused(words: list[str]) -> None:
    with pytest.raises(SystemExit):
        parse(None, words)


def test_a_result_says_by_which_command() -> None:
    words = ["--suite", "regress", "--tier", "wasm3", "--limit", "30"]
    assert parse(None, words).command == f"python -m bench.conformance {' '.join(words)}"
    assert parse(None, []).command == "python -m bench.conformance"


def test_without_the_source_one_line_says_what_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(source, "BUILD", tmp_path)
    monkeypatch.setenv(LOCAL_VARIABLE, str(tmp_path))
    assert main([]) == 1
    said = capsys.readouterr().err
    assert said.startswith("conformance: the tests are not to be had: ")
    assert source.pinned().archive in said
    assert said.count("\n") == 1


def test_a_source_that_is_another_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(source, "BUILD", tmp_path)
    monkeypatch.setenv(LOCAL_VARIABLE, str(tmp_path))
    (tmp_path / source.pinned().archive).write_bytes(b"")
    assert main([]) == 1
    said = capsys.readouterr().err
    assert "sha256 differs" in said
    assert said.count("\n") == 1


def test_reasons_are_found_by_suite_and_test() -> None:
    entry = {"because": "  So\n it is. ", "regress": ["a", "b"], "isolation": ["c"]}
    known = reasons.parse({"reason": [entry]})
    assert known.of("regress", "b") == known.of("isolation", "c") == "So it is."
    assert known.of("isolation", "a") is None


@pytest.mark.parametrize(
    "entries",
    [
        [{"because": "x", "other": ["a"]}],
        [{"because": "x", "regress": ["a"]}, {"because": "y", "regress": ["a"]}],
    ],
)
def test_reasons_for_nothing_or_twice_are_errors(entries: list[object]) -> None:
    with pytest.raises(ValueError, match=r"suite|two reasons"):
        reasons.parse({"reason": entries})


def test_the_page_takes_the_newest_result_of_each_suite(tmp_path: Path) -> None:
    both = result(
        "2027-01-01T10:00:00", isolation={"i": b"x\n"}, regress={"r": b"a\n", "s": b"b\n"}
    )
    both.write(tmp_path)
    result("2027-01-02T10:00:00", isolation={"i": b"a\n"}).write(tmp_path)
    found = page.newest(tmp_path)
    assert [(each.suite, each.facts["date"][:10]) for each in found] == [
        ("isolation", "2027-01-02"),
        ("regress", "2027-01-01"),
    ]
    known = reasons.parse({"reason": [{"because": "So it is.", "regress": ["s"]}]})
    text = page.text(found, known)
    assert "-conformance-isolation.md) | 1 | 1 | 0 | 0 |" in text
    assert "-conformance.md) | 2 | 1 | 1 | 0 |" in text
    assert "| So it is. | s (2) |" in text
    assert "Equal: r." in text
    unexplained = page.text(found, reasons.parse({}))
    assert "-conformance.md) | 2 | 1 | 0 | 1 |" in unexplained
    assert "| Unexplained. | s (2) |" in unexplained


def test_the_page_counts_by_wasm3_what_ran_by_that_as_well(tmp_path: Path) -> None:
    for tier in ("aot", "wasm3"):
        result("2027-01-01T10:00:00", tier, regress={"r": b"a\n", "s": b"b\n"}).write(tmp_path)
    text = page.text(page.newest(tmp_path), reasons.parse({}))
    assert (
        "| [regress](../bench/results/2027-01-01-c0ffee-conformance-regress.md) | 2 | 1 |" in text
    )
    assert (
        "| [regress, by wasm3](../bench/results/2027-01-01-c0ffee-conformance-regress-wasm3" in text
    )
    assert text.count("## ") == 1


def test_a_reason_does_not_outlive_its_difference(tmp_path: Path) -> None:
    result("2027-01-01T10:00:00", regress={"r": b"a\n", "s": b"b\n"}).write(tmp_path)
    entry = {"because": "x", "regress": ["r", "s", "gone"], "isolation": ["not run"]}
    known = reasons.parse({"reason": [entry]})
    assert page.stale(page.newest(tmp_path), known) == ["regress r", "regress gone"]


def test_a_result_reads_as_a_table(tmp_path: Path) -> None:
    _json, markdown = result("2027-01-01T10:00:00", regress={"r": b"a\n", "s": b"b\n"}).write(
        tmp_path
    )
    assert markdown.name == "2027-01-01-c0ffee-conformance-regress.md"
    text = markdown.read_text()
    assert "- tier: aot\n" in text
    assert "- equal: 1 of 2\n" in text
    assert "| r | equal | 1.5 | 1.5 |\n| s | different, 2 lines | 1.5 | 1.5 |\n" in text


def test_the_committed_page_is_that_of_the_committed_results() -> None:
    assert page.PATH.read_text(encoding="utf-8") == page.text(page.newest(RESULTS), reasons.load())


def test_every_committed_reason_explains_a_difference() -> None:
    assert page.stale(page.newest(RESULTS), reasons.load()) == []


@pytest.mark.parametrize("suite", SUITES.values(), ids=SUITES)
def test_programs_come_with_the_native_server(suite: Suite) -> None:
    program = suite.program("host=x")[0]
    shown = execute([program, "-V"], Path(__file__), {}, 30, Path.cwd())
    assert source.pinned().version.encode() in shown.output


def test_contrib_s_tests_are_those_of_the_makefiles() -> None:
    makefile = (
        "A = x\nREGRESS = init a-b \\\n\tc $(MORE)\nMORE = d $(LAST)\nLAST =\n\nISOLATION = e\n"
    )
    assert contrib.listed(makefile) == ["init", "a-b", "c", "d", "e"]
    assert contrib.module("btree_gist/int4") == "btree_gist"


def test_an_extension_s_tests_are_the_files_of_its_folder(tmp_path: Path) -> None:
    suite = SUITES["pgvector"]
    for name in ("sql/b.sql", "sql/a.sql", "expected/a.out", "expected/a_1.out"):
        (tmp_path / "test" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "test" / name).write_text(name)
    assert suite.tests(tmp_path) == ["a", "b"]
    assert suite.input(tmp_path, "a").read_text() == "sql/a.sql"
    assert suite.expected(tmp_path, "a") == [b"expected/a.out", b"expected/a_1.out"]
    assert suite.folder(tmp_path, "a") == tmp_path


@pytest.fixture
def postgis(tmp_path: Path) -> Path:
    """As PostGIS's source unpacked, with a test or two in each part."""
    makefiles = {
        "regress/core/tests.mk.in": "TESTS += \\\n\t$(top_srcdir)/regress/core/affine \\\n"
        "\t$(top_srcdir)/regress/core/mvt \\\n\t$(top_srcdir)/regress/core/absent\n",
        "raster/test/regress/tests.mk.in": "A = \\\n\t$(top_srcdir)/raster/test/regress/rt_band\n"
        "B = $(top_srcdir)/raster/test/regress/loader/Basic\n",
        "topology/test/tests.mk": "\t$(top_srcdir)/topology/test/regress/addface2.5d.sql\n",
    }
    tests = ("regress/core/affine", "regress/core/mvt", "raster/test/regress/rt_band")
    for name in (*tests, "topology/test/regress/addface2.5d"):
        makefiles |= {f"{name}.sql": "select 1", f"{name}_expected": "1\r\n"}
    made = ("load_topology.sql.in", "load_large_topology.sql.in", "predicates.sql.in")
    makefiles |= {f"topology/test/{name}": "#if 1\nselect @SRID@;\n#endif\n" for name in made}
    for name, text in makefiles.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_postgis_s_tests_are_those_of_its_makefiles(postgis: Path) -> None:
    suite = SUITES["postgis"]
    tests = suite.tests(postgis)
    assert tests == ["core/affine", "raster/rt_band", "topology/addface2.5d"]
    assert [suite.group(test) for test in tests] == ["core", "raster", "topology"]
    assert suite.expected(postgis, "topology/addface2.5d") == [b"1\n"]
    assert suite.folder(postgis, "core/affine") == postgis / "regress" / "core"
    suite.prepare(postgis)
    made = postgis / "topology" / "test" / "load_topology-4326.sql"
    assert made.read_text() == "select 4326;\n"


def test_postgis_s_outputs_are_edited_as_its_own_program_does() -> None:
    output = b"psql:<stdin>:3: ERROR:  no\n\n  \n1e+06|-Infinity\r\nROLLBACK\n|NaN\n"
    assert SUITES["postgis"].printed(output) == b"ERROR:  no\n1e+6|-inf\nCOMMIT\n|NaN\n"

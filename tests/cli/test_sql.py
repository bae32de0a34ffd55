"""`sql` prints what psql prints: compared with psql 18.6 on native PostgreSQL 18.6."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from pglite_native import Engine
from pglite_native.cli import main
from pglite_native.cli.formats import Csv, Format, Json, Table
from pglite_native.cli.script import run
from pglite_native.display_width import width
from tests.oracle.native import NativeServer

ALIKE = [
    "select 1 as number, 'text' as text, null as nothing",
    "select 1.5::numeric, 2::int2, 3::int8, 4::float4, 5::oid, '6'::money, '7'::xid, '8'::xid8",
    "select 'left' as a_long_header, 12345 as n union all select 'x', -1",
    "select E'one\\ntwo' as a, 1 as b, E'x\\ny\\nz' as c union all select 'a', 2, 'b'",
    'select 1 as "two\nlines", 2 as "one line"',
    "select E'tab\\there', E'\\r\\x01\\x7f', U&'\\0085'",
    "select '日本' as wide, U&'e\\0301' as combined, U&'a\\200bb' as invisible, '🐘' as elephant",
    "select 'x' as 日本, 'yyyyyyyyyyy' as é",
    "select",
    "select where false",
    "select from generate_series(1, 3)",
    "select 1 where false",
    "select 1; select 2; select 'a' as b",
    "",
    ";",
    "create temp table t (a int); insert into t values (1), (2); update t set a = a + 1",
    "create temp table t (a int); insert into t values (1), (2) returning a; delete from t",
    "create temp table t as select generate_series(1, 3) as a; table t; truncate t",
    "begin; declare c cursor for select 1 as one; fetch all in c; fetch all in c; commit",
    "explain (costs off) select 1",
    "show search_path",
    "values (1, 'a'), (2, 'b')",
    "create temp table t (a int, b text); insert into t values (1, E'x\\ty'), (2, null);"
    " copy t to stdout; select count(*) from t",
    "copy (select 1 where false) to stdout",
    "select * from nowhere",
    "select 1;\n  select\tnope\nfrom pg_class",
    f"select '{'x' * 70}', nope, '{'y' * 40}'",
    f"select nope, '{'y' * 80}'",
    f"select '{'日' * 40}', nope",
    "select 1 +",
    "select 1; select 1/0; select 2",
    "do $$ begin execute 'select nope from pg_class'; end $$",
    "do $$ begin raise notice 'a notice' using detail = 'its detail', hint = 'its hint'; end $$",
    "do $$ begin raise warning 'a warning'; raise exception 'over' using errcode = 'P0042'; end $$",
    "create temp table t (a int constraint positive check (a > 0)); insert into t values (0)",
    "create temp table t (a int not null); insert into t values (null)",
    "create domain pg_temp.even as int check (value % 2 = 0); select 1::pg_temp.even",
    "select E'a\\nb' as x; select 'c'::int",
    "listen channel; notify channel; notify channel, 'payload'",
]


@pytest.fixture(scope="module")
def native() -> Iterator[NativeServer]:
    with NativeServer() as server:
        yield server


def printed(
    engine: Engine, sql: str, copy_input: bytes = b"", form: Format | None = None
) -> tuple[str, str]:
    output, errors = io.StringIO(), io.StringIO()
    run(engine, sql, output, errors, io.BytesIO(copy_input), form)
    return output.getvalue(), errors.getvalue()


def comparable(output: str, errors: str) -> tuple[str, str]:
    """Without places in the server's sources and numbers of processes and temporary schemas."""
    errors = re.sub(r"^LOCATION: .*\n", "", errors, flags=re.MULTILINE)
    errors = re.sub(r"pg_temp_\d+", "pg_temp", errors)
    return re.sub(r"PID \d+", "PID", output), errors


@pytest.mark.parametrize("sql", ALIKE)
def test_prints_as_psql(engine: Engine, native: NativeServer, sql: str) -> None:
    assert comparable(*printed(engine, sql)) == comparable(*native.psql(sql))


@pytest.mark.parametrize("sql", ALIKE)
@pytest.mark.parametrize("null", ["", "(null)"])
def test_prints_expanded_as_psql(engine: Engine, native: NativeServer, sql: str, null: str) -> None:
    shown = printed(engine, sql, form=Table(null, None, is_expanded=True))
    options = ("--expanded", "-P", f"null={null}")
    assert comparable(*shown) == comparable(*native.psql(sql, options=options))


LONG = (
    "select 'x' || repeat('abcdefghij', 9) as short, E'two\\n' || repeat('0123456789', 8) as"
    " \"a longer name\", 42 as n, repeat('数据库', 20) as 日本, null as nothing"
    " from generate_series(1, 2)"
)


@pytest.mark.parametrize("columns", [40, 60, 79, 200])
def test_expanded_is_never_wider_than_the_terminal(
    engine: Engine, native: NativeServer, columns: int
) -> None:
    output, _ = printed(engine, LONG, form=Table("", columns, is_expanded=True))
    assert all(width(line) <= columns for line in output.splitlines())
    options = ("--expanded", "-P", "format=wrapped", "-P", f"columns={columns}")
    assert output == native.psql(LONG, options=options)[0]


@pytest.mark.parametrize("columns", [1, 8, 15])
def test_expanded_loses_nothing_on_a_tiny_terminal(engine: Engine, columns: int) -> None:
    sql = "select 'abcdefgh' as a_name, 1 as n"
    output, _ = printed(engine, sql, form=Table("", columns, is_expanded=True))
    values = [line.partition("|")[2][1:].rstrip(".") for line in output.splitlines()[1:]]
    assert "".join(values).startswith("abcdefgh1")


QUOTED = (
    r"""select 'a,b', 'say "so"', E'two\nlines', E'a\rb', '\.', ' x ', '', null, 1 as "a ""b" """
)


@pytest.mark.parametrize("sql", [*ALIKE, QUOTED])
def test_prints_csv_as_psql(engine: Engine, native: NativeServer, sql: str) -> None:
    # Tags, which psql prints among the rows, would be no CSV.
    expected, errors = native.psql(sql, options=("--csv", "--quiet"))
    expected = "".join(line for line in expected.splitlines(True) if not line.startswith("Async"))
    assert comparable(*printed(engine, sql, form=Csv(""))) == comparable(expected, errors)


def documents(text: str) -> list[object]:
    """The JSON documents that follow each other in a text."""
    decoder = json.JSONDecoder(parse_float=Decimal)
    found: list[object] = []
    position = 0
    while position < len(text):
        document, position = decoder.raw_decode(text, position)
        found.append(document)
        position += len("\n")
    return found


def test_prints_values_of_json_as_such(engine: Engine) -> None:
    sql = (
        "select 1 as i, 12345678901234567890.10 as n, 'NaN'::float as nan, 1e300::float8 as f,"
        " true as t, null as nothing, 'say \"é\"' as s, E'{\\n\"a\": [1, null]}'::json as j;"
        " select 1 as a where false; select a from generate_series(1, 2) a"
    )
    row = {
        "i": 1,
        "n": Decimal("12345678901234567890.10"),
        "nan": "NaN",
        "f": Decimal("1e300"),
        "t": True,
        "nothing": None,
        "s": 'say "é"',
        "j": {"a": [1, None]},
    }
    for is_ascii in (False, True):
        output, errors = printed(engine, sql, form=Json(is_ascii))
        assert errors == "" and output.isascii() == is_ascii
        assert documents(output) == [[row], [], [{"a": 1}, {"a": 2}]]


def test_json_refuses_two_columns_of_one_name(engine: Engine) -> None:
    with pytest.raises(ValueError, match="name them apart"):
        printed(engine, "select 1 as a, 2 as b, 3 as a", form=Json(False))


def test_a_table_wider_than_the_terminal_is_expanded(engine: Engine) -> None:
    sql = "select 1 as a, repeat('x', 20) as b"  # the header takes 26 columns
    assert printed(engine, sql, form=Table("", 26)) == printed(engine, sql)
    as_expanded = printed(engine, sql, form=Table("", 25, is_expanded=True))
    assert printed(engine, sql, form=Table("", 25)) == as_expanded
    assert as_expanded[0].startswith("-[ RECORD 1 ]-----------\na | 1\n")


@pytest.mark.parametrize("copy_input", [b"1\tone\n2\t\\N\n", b"", b"1\tone\n" * 20_000, b"1\n"])
def test_copies_in_as_psql(engine: Engine, native: NativeServer, copy_input: bytes) -> None:
    sql = ("create temp table t (a int, b text)", "copy t from stdin", "table t limit 3")
    found = [printed(engine, string, copy_input) for string in sql]
    output, errors = ("".join(texts) for texts in zip(*found, strict=True))
    assert comparable(output, errors) == comparable(*native.psql(*sql, copy_input=copy_input))


# --- the command ----------------------------------------------------------------------------


def command(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "pglite_native", *arguments]
    return subprocess.run(line, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload,no-any-return]


def test_prints_a_table_and_succeeds(capsys: pytest.CaptureFixture[str]) -> None:
    sql = "select 'héllo'::text as greeting, '[1,2,3]'::vector <-> '[3,2,1]' as distance"
    assert main(["sql", "--extension", "vector", sql]) == 0
    output, errors = capsys.readouterr()
    assert errors == ""
    assert output == (
        " greeting |      distance      \n"
        "----------+--------------------\n"
        " héllo    | 2.8284271247461903\n"
        "(1 row)\n"
        "\n"
    )


def test_an_error_is_printed_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sql", "select 1; select nope"]) == 1
    output, errors = capsys.readouterr()
    assert output == " ?column? \n----------\n        1\n(1 row)\n\n"
    assert errors == (
        'ERROR:  42703: column "nope" does not exist\n'
        "LINE 1: select 1; select nope\n"
        "                         ^\n"
    )


def test_an_unknown_extension_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sql", "--extension", 'no"such', "select 1"]) == 1
    output, errors = capsys.readouterr()
    assert output == ""
    assert errors.startswith('ERROR:  0A000: extension "no"such" is not available\n')


def test_settings_and_a_data_directory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(tmp_path / "data")
    assert main(["sql", "--data-dir", folder, "create table t as select 42 as a"]) == 0
    assert main(["sql", "--data-dir", folder, "--setting", "work_mem=5MB", "table t"]) == 0
    assert main(["sql", "--setting", "work_mem=5MB", "show work_mem"]) == 0
    output, _ = capsys.readouterr()
    assert "SELECT 1\n" in output and " 42\n" in output and " 5MB\n" in output
    assert main(["sql", "--setting", "work_mem=lots", "select 1"]) == 1
    _, errors = capsys.readouterr()
    assert errors.startswith("pglite-native: ") and "work_mem" in errors


def test_wrong_usage_is_told() -> None:
    for arguments in (
        [],
        ["sql", "--setting", "work_mem", "select 1"],
        ["sql", "--data-dir", "a", "--image", "b", "select 1"],
        ["sql", "--format", "xml", "select 1"],
        ["extension"],
    ):
        result = command(*arguments)
        assert result.returncode == 2 and result.stderr.startswith("usage: "), arguments


def test_reads_sql_from_stdin() -> None:
    result = command("sql", "-", input="select 'é' as a;\nselect 2")
    assert result.returncode == 0
    assert result.stdout.startswith(" a \n---\n é\n")
    assert result.stdout.endswith("        2\n(1 row)\n\n")


def test_files_come_first_and_an_error_ends_all(tmp_path: Path) -> None:
    (tmp_path / "1.sql").write_text("\ufeffcreate table t as select 'é'::text as a;\n")
    (tmp_path / "2.sql").write_text("insert into t values ('b'); select nope;")
    files = ("-f", str(tmp_path / "1.sql"), "--file", str(tmp_path / "2.sql"))
    done = command("sql", "--format", "csv", *files[:2], "table t", "select null", "--null", "-")
    assert (done.returncode, done.stdout, done.stderr) == (0, "a\né\n?column?\n-\n", "")
    failed = command("sql", *files, "table t")
    assert (failed.returncode, failed.stdout) == (1, "SELECT 1\nINSERT 0 1\n")
    place = f"{tmp_path / '2.sql'}:1: "
    assert failed.stderr.startswith(f'{place}ERROR:  42703: column "nope" does not exist\nLINE 1: ')


STATEMENTS = """
-- what a transaction has none of
vacuum;
create table t (a int); insert into t values (1);
create function f() returns text language sql begin atomic select ';'; select 'b;'; end;
select f() /* ; */ as f;;
insert into t values (2); select
  nope;
insert into t values (3);
"""


def test_each_statement_of_a_file_is_by_itself(tmp_path: Path) -> None:
    data, file = tmp_path / "data", tmp_path / "a.sql"
    file.write_text(STATEMENTS)
    for given, name in ((("-f", str(file)), str(file)), ((), "<stdin>")):
        failed = command(
            "sql", "--data-dir", str(data), "--format", "csv", *given, input=STATEMENTS
        )
        assert (failed.returncode, failed.stdout) == (1, "f\nb;\n")
        assert f'{name}:8: ERROR:  42703: column "nope" does not exist\n' in failed.stderr
        again = ("select count(*) from t", "drop function f", "drop table t")
        kept = command("sql", "--data-dir", str(data), "--format", "csv", *again)
        assert kept.stdout == "count\n2\n"


COMMENTED = """\
create table t (n int); -- one; two

--
-- Name: t; Type: TABLE; 'x
--

insert into t values (1); /* a; b */ select '--;' as c; table t -- ;
"""


def test_semicolons_in_comments_end_no_statement(tmp_path: Path) -> None:
    file = tmp_path / "a.sql"
    file.write_text(COMMENTED)
    ran = command("sql", "--format", "csv", "-f", str(file))
    assert (ran.stdout, ran.stderr) == ("c\n--;\nn\n1\n", "")


def test_a_single_transaction_is_all_or_nothing(tmp_path: Path) -> None:
    place = ("--data-dir", str(tmp_path / "data"), "--format", "csv")
    (tmp_path / "1.sql").write_text("create table t (a int); insert into t values (1);")
    (tmp_path / "2.sql").write_text("insert into t values (2); select nope;")
    one, other = ("-f", str(tmp_path / "1.sql")), ("-f", str(tmp_path / "2.sql"))
    assert command("sql", *place, "-1", *one, *other).returncode == 1
    assert command("sql", *place, "select to_regclass('t')").stdout == "to_regclass\n\n"
    assert command("sql", *place, "--single-transaction", *one, "-c", "table t").stdout == "a\n1\n"
    assert command("sql", *place, "table t").stdout == "a\n1\n"


def test_without_sql_it_is_read_from_stdin() -> None:
    assert command("sql", "--format", "csv", input="select 1 as a").stdout == "a\n1\n"


def test_commands_and_files_are_run_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "1.sql").write_text("insert into t values (1);")
    steps = ("-c", "create table t (a int)", "-f", str(tmp_path / "1.sql"), "-c", "table t")
    assert command("sql", "--format", "csv", *steps).stdout == "a\n1\n"
    assert command("sql", "--format", "csv", "-f", "-", input="select 1 as a").stdout == "a\n1\n"


DUMP = r"""
\restrict 0aVx
SET search_path = '';
SET client_encoding = 'UTF8';
CREATE FUNCTION public.f() RETURNS text LANGUAGE sql AS $$
SELECT 'from stdin;'
$$;
CREATE TABLE public.t (a integer, b text);
CREATE TABLE public.u (a integer);
-- COPY public.t (a, b) FROM stdin;
COPY public.t (a, b) FROM stdin;
1	one; two
2	COPY t FROM stdin;
3	\\N\\.
\.


COPY public.u (a) FROM stdin;
\.

ALTER TABLE ONLY public.t ADD CONSTRAINT t_pkey PRIMARY KEY (a);
\unrestrict 0aVx
"""


def test_a_dump_of_pg_dump_s_is_taken(tmp_path: Path) -> None:
    (tmp_path / "dump.sql").write_text(DUMP)
    query = "select a, b, f() from t order by a"  # the dump has emptied search_path
    done = command("sql", "--format", "csv", "-f", str(tmp_path / "dump.sql"), "-c", query)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "a,b,f\n1,one; two,from stdin;\n2,COPY t FROM stdin;,from stdin;\n3,\\N\\.,from stdin;\n"
    )
    image = str(tmp_path / "image")
    assert command("snapshot", image, "--sql", str(tmp_path / "dump.sql")).returncode == 0
    assert "     3\n" in command("sql", "--image", image, "select count(*) from t").stdout


def test_files_include_others(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "part.sql").write_text("create table t ();\n\nselect 1/0;\n")
    (tmp_path / "all.sql").write_text(
        f"\\set ON_ERROR_STOP on\n\\i {tmp_path}/sub/part.sql\ncreate table never ();\n"
    )
    (tmp_path / "relative.sql").write_text("\\ir sub/part.sql\n")
    for name in ("all.sql", "relative.sql"):
        done = command("sql", "-f", str(tmp_path / name))
        assert done.returncode == 1
        assert f"{tmp_path}/sub/part.sql:3: ERROR:  22012" in done.stderr


def test_commands_of_psql_s_that_are_not_known_are_told(tmp_path: Path) -> None:
    (tmp_path / "all.sql").write_text("select 1;\n\\gexec\n")
    done = command("sql", "-f", str(tmp_path / "all.sql"))
    assert done.returncode == 1
    assert f"{tmp_path}/all.sql:2: \\gexec is a command of psql's" in done.stderr


def test_sql_from_stdin_has_the_data_of_a_copy_below_it() -> None:
    sql = "create table t (a int);\ncopy t from stdin;\n20\n22\n\\.\nselect sum(a) from t;"
    result = command("sql", "-", input=sql)
    assert result.stdout == "CREATE TABLE\nCOPY 2\n sum \n-----\n  42\n(1 row)\n\n"
    result = command("sql", "-", input="create table t (a int); copy t from stdin;")
    assert (result.returncode, result.stdout) == (0, "CREATE TABLE\nCOPY 0\n")


def test_copies_from_stdin() -> None:
    sql = "create table t (a int); copy t from stdin; select sum(a) from t"
    result = command("sql", sql, input="20\n22\n")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "CREATE TABLE\nCOPY 2\n sum \n-----\n  42\n(1 row)\n\n"


def test_prints_what_the_terminal_cannot_show() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    result = command("sql", "select 'é' as a", env=environment)
    assert result.returncode == 0 and "\\xe9\n" in result.stdout


def test_a_reader_that_leaves_early_is_no_error() -> None:
    line = f"{sys.executable} -m pglite_native sql 'select generate_series(1, 100000)' | head -1"
    line += "; echo ${PIPESTATUS[0]}"
    result = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True)
    assert (result.stdout, result.stderr) == (" generate_series \n141\n", "")


@pytest.mark.parametrize(
    ("redirection", "status", "reason"),
    [(">/dev/full", 1, "No space left on device"), (">&-", 0, "")],
)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_an_output_that_takes_nothing(
    redirection: str, status: int, reason: str, unbuffered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    line = f"{sys.executable} -m pglite_native sql 'select 1' {redirection}"
    result = subprocess.run(line, shell=True, capture_output=True, text=True, check=False)
    assert result.returncode == status
    assert reason in result.stderr and "Traceback" not in result.stderr


def test_an_interrupt_cancels_the_statement(tmp_path: Path) -> None:
    begun = tmp_path / "data" / "begun"
    line = [sys.executable, "-m", "pglite_native", "sql", "--data-dir", str(begun.parent)]
    line += ["copy (select 1) to '/pglite/data/begun'; select pg_sleep(600)"]

    def take_interrupts() -> None:  # a test run in the background ignores them
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    with subprocess.Popen(
        line, stderr=subprocess.PIPE, text=True, preexec_fn=take_interrupts
    ) as process:
        while not begun.exists() and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors.endswith("\npglite-native: interrupted\n")
    assert main(["sql", "--data-dir", str(begun.parent), "select 1"]) == 0  # it was let go of

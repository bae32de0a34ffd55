"""What pytest shows of a test that fails: the test, and the error; not this package's insides."""

from __future__ import annotations

from tests.plugin.conftest import Run

FAILS = """
    def test_it(pglite):
        pglite.query("select nope")
"""


def test_frames_of_the_package_are_hidden(run: Run) -> None:
    shown = str(run({"test_it.py": FAILS}).stdout)
    assert 'pglite.query("select nope")' in shown
    assert "LINE 1: select nope" in shown
    assert "conversation.py" not in shown and "transaction.py" not in shown


def test_full_trace_shows_them(run: Run) -> None:
    shown = str(run({"test_it.py": FAILS}, "--full-trace").stdout)
    assert "conversation.py" in shown


def test_an_error_in_the_schema_names_its_line(run: Run) -> None:
    files = {
        "schema.sql": "create table t ();\n\ncreate table t ();\n",
        "test_it.py": "def test_it(pglite): pass",
    }
    result = run(files, ini="pglite_schema = schema.sql")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(['*schema.sql:3: 42P07: relation "t" already exists*'])
    assert "conversation.py" not in str(result.stdout)


def test_several_files_of_the_schema_and_one_that_is_missing(run: Run) -> None:
    files = {
        "one.sql": "create table one ();\n",
        "two.sql": "create table two ();\n",
        "test_it.py": "def test_it(pglite): pglite.query('select from one, two')\n",
    }
    run(files, ini="pglite_schema = one.sql two.sql").assert_outcomes(passed=1)
    result = run(files, ini="pglite_schema = *.sql")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*UsageError: pglite_schema names files of SQL: *'*.sql'*"])


def test_a_schema_may_be_a_dump(run: Run) -> None:
    schema = r"""
        \restrict abc
        CREATE TABLE public.t (a integer, b text);
        COPY public.t (a, b) FROM stdin;
        1	one
        2	from stdin;
        \.

        ALTER TABLE public.t ADD PRIMARY KEY (a);
        \unrestrict abc
    """
    test = """
        def test_it(pglite):
            assert [row["b"] for row in pglite.query("table t")] == ["one", "from stdin;"]
    """
    result = run({"schema.sql": schema, "test_it.py": test}, ini="pglite_schema = schema.sql")
    result.assert_outcomes(passed=1)

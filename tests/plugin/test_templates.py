"""What a template may be made of, and that it is made as often as it should be."""

from __future__ import annotations

import textwrap

import pytest

from tests.plugin.conftest import Run

TEST = """
    def test_in_process(pglite):
        assert pglite.query("select a from t").rows == [{"a": 1}]
        pglite.exec("drop table t")

    def test_by_connection(pglite_connection):
        assert pglite_connection.execute("select a from t").fetchall() == [(1,)]
        pglite_connection.execute("drop table t")
        pglite_connection.commit()

    def test_the_template_is_a_database(pglite_template, pglite):
        assert pglite_template.query("select a from t").rows == [{"a": 1}]
"""

CREATE = "create table t as select 1 as a"

TEMPLATES = {
    "the usual one, filled": f"""
        @pytest.fixture(scope="session")
        def pglite_template(pglite_template):
            pglite_template.exec("{CREATE}")
            return pglite_template
    """,
    "PGlite, closed afterwards": f"""
        @pytest.fixture(scope="session")
        def pglite_template():
            with pglite_native.PGlite() as db:
                db.exec("{CREATE}")
                yield db
    """,
    "PGlite on a directory": f"""
        @pytest.fixture(scope="session")
        def pglite_template(tmp_path_factory):
            with pglite_native.PGlite(tmp_path_factory.mktemp("data") / "db") as db:
                db.exec("{CREATE}")
                yield db
    """,
    "AsyncPGlite": f"""
        @pytest_asyncio.fixture(scope="session", loop_scope="session")
        async def pglite_template():
            async with pglite_native.AsyncPGlite() as db:
                await db.exec("{CREATE}")
                yield db
    """,
    "Engine": f"""
        @pytest.fixture(scope="session")
        def pglite_template():
            engine = pglite_native.Engine()
            pglite_native.PGlite(engine=engine).exec("{CREATE}")
            return engine
    """,
    "Snapshot": f"""
        @pytest.fixture(scope="session")
        def pglite_template():
            with pglite_native.PGlite() as db:
                db.exec("{CREATE}")
                return db.engine.snapshot()
    """,
    "path": f"""
        @pytest.fixture(scope="session")
        def pglite_template(tmp_path_factory):
            path = tmp_path_factory.mktemp("saved") / "template.image"
            with pglite_native.PGlite() as db:
                db.exec("{CREATE}")
                db.engine.snapshot().save(path)
            return path
    """,
    "database on the server": f"""
        @pytest.fixture(scope="session")
        def pglite_template(pglite_server):
            database = pglite_server.create()
            with psycopg.connect(database.url) as connection:
                connection.execute("{CREATE}")
            return database
    """,
}


def test_what_a_template_may_be_made_of(run: Run) -> None:
    imports = "import psycopg, pytest, pytest_asyncio, pglite_native\n"
    files: dict[str, str] = {}
    for number, (title, template) in enumerate(TEMPLATES.items()):
        conftest = f"# {title}\n{imports}{textwrap.dedent(template)}"
        files |= {f"t{number}/conftest.py": conftest, f"t{number}/test_{number}.py": TEST}
    run(files, plugins=["asyncio"]).assert_outcomes(passed=3 * len(TEMPLATES))


def test_what_cannot_be_a_template_is_refused(run: Run) -> None:
    conftest = """
        import pytest
        from pglite_native import PGlite

        @pytest.fixture(scope="session")
        def pglite_template():
            db = PGlite()
            db.exec("begin")
            return db
    """
    result = run({"conftest.py": conftest, "test_it.py": TEST})
    result.assert_outcomes(errors=3)
    result.stdout.fnmatch_lines("*UsageError: pglite_template has an open transaction: commit it")
    conftest = conftest.replace("return db", "return 7")
    result = run({"conftest.py": conftest, "test_it.py": TEST})
    result.assert_outcomes(errors=3)
    result.stdout.fnmatch_lines("*UsageError: pglite_template must return a PGlite, *and not 7")


def test_files_and_extensions_are_named_in_the_ini_file(run: Run) -> None:
    ini = "pglite_schema = sql/tables.sql sql/rows.sql\npglite_extensions = vector earthdistance\n"
    files = {
        "sql/tables.sql": "create table t (a int, at vector(2), place cube);",
        "sql/rows.sql": "insert into t values (1, '[1,2]', ll_to_earth(0, 0)); -- with its cube",
        "test_it.py": TEST,
    }
    run(files, ini=ini).assert_outcomes(passed=3)


def test_what_belongs_to_the_template_s_session_is_left_behind(run: Run) -> None:
    conftest = """
        import pytest

        @pytest.fixture(scope="session")
        def pglite_template(pglite_template):
            pglite_template.exec("set work_mem = '7MB'; create temp table gone (a int)")
            return pglite_template
    """
    test = """
        def test_it(pglite):
            assert pglite.query("show work_mem").rows == [{"work_mem": "4MB"}]
            assert pglite.query("select to_regclass('gone') as a").rows == [{"a": None}]
    """
    run({"conftest.py": conftest, "test_it.py": test}).assert_outcomes(passed=1)


LAYER = """
    import pytest

    @pytest.fixture(scope="session")
    def pglite_template(pglite_template):
        pglite_template.exec("create type extra as enum ('NAME'); create table t (a extra)")
        return pglite_template
"""
LAYER_TEST = """
    def test_it(pglite, pglite_connection):
        pglite.query("table base")
        assert pglite.query("insert into t values ('NAME')").affected_rows == 1
        assert pglite_connection.execute("table base").fetchall() == []
"""
LAYERED = {
    "conftest.py": """
        import pytest

        @pytest.fixture(scope="session")
        def pglite_template(pglite_template):
            pglite_template.exec("create table base (a int)")
            return pglite_template
    """,
    "base/test_base.py": """
        def test_base(pglite):
            assert pglite.query("select to_regclass('extra') as a").rows == [{"a": None}]
            pglite.query("table base")
    """,
    "one/conftest.py": LAYER.replace("NAME", "one"),
    "one/test_one.py": LAYER_TEST.replace("NAME", "one"),
    "two/conftest.py": LAYER.replace("NAME", "two"),
    "two/test_two.py": LAYER_TEST.replace("NAME", "two"),
}


@pytest.mark.long
def test_templates_of_different_folders_do_not_mix(run: Run) -> None:
    run(LAYERED).assert_outcomes(passed=3)
    run(LAYERED, "-n", "2", plugins=["xdist"]).assert_outcomes(passed=3)


def test_a_template_may_have_parameters(run: Run) -> None:
    conftest = """
        import pytest

        @pytest.fixture(scope="session", params=[1, 2])
        def pglite_template(pglite_template, request):
            pglite_template.exec(f"create table t as select {request.param} as a")
            return pglite_template
    """
    test = """
        def test_it(pglite, pglite_template, request):
            assert pglite.query("table t").rows == pglite_template.query("table t").rows
            assert request.node.name == f"test_it[{pglite.query('table t').rows[0]['a']}]"
    """
    files = {"conftest.py": conftest, "test_it.py": test}
    run(files).assert_outcomes(passed=2)


# Each process that makes the template leaves a file.
COUNTED = """
    import os, pathlib, pytest

    @pytest.fixture(scope="session")
    def pglite_template(pglite_template):
        pathlib.Path(__file__).with_name(f"made-by-{os.getpid()}").touch()
        CRASH
        pglite_template.exec("create table t as select 1 as a")
        return pglite_template
"""
MANY = """
    import pytest

    @pytest.mark.parametrize("round", range(6))
    def test_it(pglite, pglite_connection, round):
        assert pglite.query("delete from t returning a").rows == [{"a": 1}]
        assert pglite_connection.execute("delete from t returning a").fetchall() == [(1,)]
"""


def test_processes_share_a_template(run: Run, pytester: pytest.Pytester) -> None:
    conftest = COUNTED.replace("CRASH", "")
    run(
        {"conftest.py": conftest, "test_it.py": MANY}, "-n", "2", plugins=["xdist"]
    ).assert_outcomes(passed=6)
    assert len(list(pytester.path.glob("made-by-*"))) == 1


def test_a_process_that_dies_while_making_a_template_leaves_it_to_others(
    run: Run, pytester: pytest.Pytester
) -> None:
    crash = """
        try:
            pathlib.Path(__file__).with_name("died").mkdir()
        except FileExistsError:
            pass
        else:
            os._exit(1)
    """
    conftest = COUNTED.replace("CRASH", crash.strip().replace("\n", "\n    ".replace("    ", "")))
    result = run({"conftest.py": conftest, "test_it.py": MANY}, "-n", "2", plugins=["xdist"])
    result.assert_outcomes(passed=5, failed=1)  # the one that was running
    result.stdout.fnmatch_lines("*crashed while running*")
    assert len(list(pytester.path.glob("made-by-*"))) == 2

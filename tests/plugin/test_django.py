"""pglite_django: what pytest-django's tests find in their databases."""

from __future__ import annotations

import pytest

from pglite_native import Engine, PGlite
from tests.plugin.conftest import Run

INI = "pglite_django = true\nDJANGO_SETTINGS_MODULE = settings\npythonpath = .\n"
PROJECT = {
    "settings.py": """
        INSTALLED_APPS = ["notes"]
        DATABASES = {
            "default": {"ENGINE": "django.db.backends.postgresql", "NAME": "nowhere"},
            "archive": {"ENGINE": "django.db.backends.postgresql", "NAME": "nowhere"},
            "local": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"},
        }
        DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
    """,
    "notes/__init__.py": "",
    "notes/models.py": """
        from django.db import models

        class Note(models.Model):
            text = models.TextField()
    """,
}


def test_fixtures_of_every_scope_write_where_they_should(run: Run) -> None:
    conftest = """
        import pytest

        @pytest.fixture(scope="session")
        def django_db_setup(django_db_setup, django_db_blocker):
            from notes.models import Note

            with django_db_blocker.unblock():
                Note.objects.create(text="session")
    """
    test = """
        import pytest
        from notes.models import Note

        def texts():
            return sorted(note.text for note in Note.objects.all())

        @pytest.fixture(scope="module")
        def of_the_module(django_db_setup, django_db_blocker):
            with django_db_blocker.unblock():
                Note.objects.create(text="module")

        @pytest.fixture
        def of_the_test(db):
            Note.objects.create(text="test")

        @pytest.mark.django_db
        def test_session():
            assert texts() == ["session"]

        @pytest.mark.django_db(transaction=True)
        @pytest.mark.parametrize("round", [1, 2])
        def test_module(of_the_module, round):
            assert texts() == ["module", "session"]
            Note.objects.all().delete()

        @pytest.mark.parametrize("round", [1, 2])
        def test_test(of_the_test, of_the_module, round):
            assert texts() == ["module", "session", "test"]
    """
    files = {**PROJECT, "conftest.py": conftest, "test_it.py": test}
    run(files, plugins=["django"], ini=INI).assert_outcomes(passed=5)


def test_each_alias_has_a_database(run: Run) -> None:
    test = """
        import pytest
        from notes.models import Note

        @pytest.mark.django_db(databases="__all__", transaction=True)
        @pytest.mark.parametrize("round", [1, 2])
        def test_it(round):
            from django.db import connections

            for number, alias in enumerate(connections):
                for _ in range(number):
                    Note.objects.using(alias).create(text=alias)
            counts = [Note.objects.using(alias).count() for alias in connections]
            assert counts == [0, 1, 2]
    """
    run({**PROJECT, "test_it.py": test}, plugins=["django"], ini=INI).assert_outcomes(passed=2)


def test_threads_have_connections_of_their_own(run: Run) -> None:
    test = """
        import threading
        import pytest
        from notes.models import Note

        @pytest.mark.django_db(transaction=True)
        @pytest.mark.parametrize("round", [1, 2])
        def test_it(round):
            from django.db import connection

            def work():
                Note.objects.create(text="thread")
                connection.close()

            Note.objects.create(text="main")
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
            assert Note.objects.count() == 2
    """
    files = {**PROJECT, "test_it.py": test}
    run(files, plugins=["django"], ini=INI).assert_outcomes(passed=2)


def test_a_live_server_answers_from_the_test_s_database(run: Run) -> None:
    files = {
        **PROJECT,
        "urls.py": """
            from django.http import HttpResponse
            from django.urls import path
            from notes.models import Note

            def count(request):
                Note.objects.create(text="by a request")
                return HttpResponse(str(Note.objects.count()))

            urlpatterns = [path("", count)]
        """,
        "test_it.py": """
            from concurrent.futures import ThreadPoolExecutor
            from urllib.request import urlopen

            from django.test import LiveServerTestCase
            from notes.models import Note

            def ask(address):
                return int(urlopen(address).read())

            class Live(LiveServerTestCase):
                def test_requests_see_what_the_test_has_written(self):
                    Note.objects.create(text="by the test")
                    assert ask(self.live_server_url) == 2
                    assert Note.objects.count() == 2

                def test_requests_at_the_same_time(self):
                    with ThreadPoolExecutor(8) as pool:
                        list(pool.map(ask, [self.live_server_url] * 40))
                    assert Note.objects.count() == 40

            def test_by_the_fixture(live_server):
                assert ask(live_server.url) == 1
        """,
    }
    files["settings.py"] += """
        ROOT_URLCONF = "urls"
        ALLOWED_HOSTS = ["*"]
        STATIC_URL = "static/"
    """
    run(files, plugins=["django"], ini=INI).assert_outcomes(passed=3)


def test_databases_of_failed_tests_are_kept(run: Run) -> None:
    test = """
        import pytest
        from notes.models import Note

        @pytest.mark.django_db(transaction=True)
        def test_it():
            Note.objects.create(text="lost?")
            assert False
    """
    result = run(
        {**PROJECT, "test_it.py": test},
        "--pglite-keep",
        plugins=["django"],
        ini=INI,
    )
    result.assert_outcomes(failed=1)
    (line,) = [line for line in result.outlines if line.startswith("django-default: ")]
    with PGlite(engine=Engine(image=line.partition("--image ")[2])) as db:
        assert db.query("select text from notes_note").rows == [{"text": "lost?"}]


def test_the_database_of_a_test_that_is_one_transaction_cannot_be_kept(run: Run) -> None:
    test = """
        import pytest
        from notes.models import Note

        @pytest.mark.django_db
        def test_it():
            Note.objects.create(text="lost")
            assert False
    """
    files = {**PROJECT, "test_it.py": test}
    result = run(files, "--pglite-keep", plugins=["django"], ini=INI)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines("django-default: cannot be kept: *")


def test_it_is_not_active_unasked(run: Run) -> None:
    test = """
        def test_it(django_db_setup):
            raise AssertionError("there is a server at nowhere?")
    """
    ini = INI.replace("pglite_django = true\n", "")
    result = run({**PROJECT, "test_it.py": test}, plugins=["django"], ini=ini)
    assert result.parseoutcomes().get("passed") is None


def test_without_pytest_django_the_error_names_it(run: Run) -> None:
    result = run({}, ini="pglite_django = true\n")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines("*pglite_django needs pytest-django: pip install pytest-django*")


def test_an_alias_whose_database_is_a_directory_gets_one_of_ours(run: Run) -> None:
    files = dict(PROJECT)
    files["settings.py"] = """
        INSTALLED_APPS = ["notes"]
        DATABASES = {"default": {"ENGINE": "pglite_native.django", "NAME": "directory"}}
        DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
    """
    files["test_it.py"] = """
        from pathlib import Path

        import pytest
        from notes.models import Note

        @pytest.mark.django_db(transaction=True)
        @pytest.mark.parametrize("_", range(2))
        def test_it(_):
            Note.objects.create(text="a")
            assert Note.objects.count() == 1
            assert not Path("directory").exists()
    """
    run(files, plugins=["django"], ini=INI).assert_outcomes(passed=2)

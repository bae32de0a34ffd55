"""pglite_native.django: `manage.py` on a directory, and Django's own runner on no server at all."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.dropins.test_containers import free_port
from tests.waiting import until
from tools import ROOT

FILES = {
    "manage.py": """
        import os, sys
        from django.core.management import execute_from_command_line

        os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
        execute_from_command_line(sys.argv)
    """,
    "settings.py": """
        from pathlib import Path

        SECRET_KEY = "not a secret"
        INSTALLED_APPS = ["notes"]
        ROOT_URLCONF = "urls"
        ALLOWED_HOSTS = ["*"]
        STATIC_URL = "static/"
        DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
        TEST_RUNNER = "pglite_native.django.runner.Runner"
        ELSEWHERE = {"ENGINE": "django.db.backends.postgresql", "HOST": "192.0.2.1", "NAME": "x"}
        DATABASES = {
            "default": {"ENGINE": "pglite_native.django", "NAME": Path(__file__).parent / "db"},
            "other": {**ELSEWHERE, "OPTIONS": {"service": "nowhere"}},
            "mirror": {**ELSEWHERE, "TEST": {"MIRROR": "default"}},
        }
    """,
    "urls.py": """
        import os

        from django.http import HttpResponse
        from django.urls import path
        from notes.models import Note

        def count(request):
            Note.objects.create(text="by a request")
            return HttpResponse(str(Note.objects.count()))

        def process(request):
            return HttpResponse(str(os.getpid()))

        urlpatterns = [path("", count), path("process", process)]
    """,
    "notes/__init__.py": "",
    "notes/models.py": """
        from django.db import models

        class Note(models.Model):
            text = models.TextField()
    """,
    "notes/tests.py": """
        from urllib.request import urlopen

        from django.test import LiveServerTestCase, TestCase, TransactionTestCase
        from notes.models import Note

        class InTransaction(TestCase):
            databases = ["default", "other"]

            def test_first(self):
                Note.objects.create(text="a")
                Note.objects.using("other").create(text="b")
                self.assertEqual(Note.objects.get().text, "a")

            def test_second(self):
                self.assertEqual(Note.objects.count(), 0)

        class Mirrored(TransactionTestCase):
            databases = ["default", "mirror"]

            def test_it(self):
                Note.objects.create(text="a")
                self.assertEqual(Note.objects.using("mirror").get().text, "a")

        class Live(LiveServerTestCase):
            def test_it(self):
                Note.objects.create(text="a")
                self.assertEqual(urlopen(self.live_server_url).read(), b"2")
    """,
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(textwrap.dedent(text), encoding="utf-8")
    return tmp_path


def begin(project: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "manage.py", *arguments],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def manage(project: Path, *arguments: str, stdin: str = "") -> str:
    process = begin(project, *arguments)
    shown, _ = process.communicate(stdin)
    assert process.returncode == 0, shown
    return shown


@pytest.mark.parametrize("options", [(), ("--parallel", "2")], ids=["alone", "parallel"])
def test_the_runner_needs_no_server(project: Path, options: tuple[str, ...]) -> None:
    shown = manage(project, "test", *options)
    assert "Ran 4 tests" in shown and "\nOK\n" in shown
    assert not (project / "db" / "base").exists()


def test_a_directory_is_the_database_of_several_processes(project: Path) -> None:
    manage(project, "makemigrations", "notes")
    manage(project, "migrate")
    create = (
        "from notes.models import Note; Note.objects.create(text='a');"
        "print('count', Note.objects.count())"
    )
    assert "count 1" in manage(project, "shell", "-c", create)
    # A process that has it open, and one that connects to that one.
    wait = f"{create}; import sys; sys.stdout.flush(); sys.stdin.read()"
    with begin(project, "shell", "-c", wait) as first:
        assert first.stdout is not None
        while "count 2" not in first.stdout.readline():
            assert first.poll() is None
        assert "count 3" in manage(project, "shell", "-c", create)
        first.communicate("")
    assert "count 4" in manage(project, "shell", "-c", create)


@pytest.mark.parametrize("is_new", [True, False], ids=["new", "there"])
def test_processes_that_begin_at_once_share_a_directory(project: Path, is_new: bool) -> None:
    if not is_new:
        manage(project, "migrate")
    ask = (
        "from django.db import connection; connection.cursor().execute('select 1');"
        "print('answered', flush=True); import sys; sys.stdin.read()"
    )
    processes = [begin(project, "shell", "-c", ask) for _ in range(3)]
    for process in processes:
        assert process.stdout is not None
        shown = ""
        while "answered" not in shown:
            line = process.stdout.readline()
            assert line, shown
            shown += line
    for process in processes:
        process.communicate("")


def test_dbshell_finds_the_directory_s_socket(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    psql = tmp_path / "bin" / "psql"
    psql.parent.mkdir()
    psql.write_text('#!/bin/sh\necho "$@"\n')
    psql.chmod(0o755)
    monkeypatch.setenv("PATH", f"{psql.parent}{os.pathsep}{os.environ['PATH']}")
    manage(project, "migrate")
    assert manage(project, "dbshell").strip() == f"-U postgres -h {project / 'db'} -p 5432 postgres"


def test_the_development_server_keeps_the_directory_as_it_reloads(project: Path) -> None:
    manage(project, "makemigrations", "notes")
    manage(project, "migrate")
    port = free_port()

    def ask(path: str = "") -> str | None:
        try:
            with urlopen(f"http://127.0.0.1:{port}/{path}") as answer:
                return str(answer.read().decode())
        except (URLError, ConnectionError):  # it does not listen yet, or no more
            return None

    with begin(project, "runserver", str(port)) as server:
        try:
            until(lambda: ask("process"))
            process = ask("process")
            assert ask() == "1"
            (project / "urls.py").touch()
            until(lambda: ask("process") not in (None, process))
            assert ask() == "2"
            assert "No migrations to apply" in manage(project, "migrate")
        finally:
            server.terminate()
            server.communicate()


def test_a_process_that_was_killed_leaves_what_it_has_committed(project: Path) -> None:
    manage(project, "makemigrations", "notes")
    manage(project, "migrate")
    create = "from notes.models import Note; Note.objects.create(text='a')"
    kill = f"{create}; import os; os.kill(os.getpid(), 9)"
    process = begin(project, "shell", "-c", kill)
    process.communicate("")
    assert process.returncode == -9
    count = "from notes.models import Note; print('count', Note.objects.count())"
    assert "count 1" in manage(project, "shell", "-c", count)


def test_without_a_name_the_error_says_what_it_is(project: Path) -> None:
    with (project / "settings.py").open("a", encoding="utf-8") as settings:
        settings.write("DATABASES['default']['NAME'] = ''\n")
    process = begin(project, "migrate")
    shown, _ = process.communicate("")
    assert process.returncode == 1
    assert "with the engine pglite_native.django, NAME is a directory" in shown

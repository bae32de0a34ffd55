"""Tools of the command line and of notebooks: dbt, JupySQL."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests.clients.compatibility import Client
from tests.clients.installing import libraries
from tests.clients.place import Place


@pytest.fixture
def place(tcp: Place) -> Place:
    return tcp


DBT = {
    "dbt_project.yml": """
        name: shop
        version: "1.0"
        profile: shop
        flags: {send_anonymous_usage_stats: false}
        models: {shop: {+materialized: table}}
    """,
    "profiles.yml": """
        shop:
          target: here
          outputs:
            here:
              type: postgres
              host: "{{ env_var('PLACE') }}"
              port: 5432
              user: postgres
              password: ""
              dbname: postgres
              schema: public
              threads: 2
    """,
    "seeds/raw.csv": "id,amount\n1,10\n2,32\n",
    "models/total.sql": "select sum(amount) as total from {{ ref('raw') }}",
    "models/view.sql": "{{ config(materialized='view') }} select * from {{ ref('total') }}",
    "models/all.yml": """
        models:
          - name: total
            columns: [{name: total, data_tests: [not_null, unique]}]
    """,
}
JUPYSQL = """
import sys
from IPython.testing.globalipapp import start_ipython

shell = start_ipython()
shell.run_line_magic("load_ext", "sql")
shell.run_line_magic("sql", sys.argv[1].replace("postgresql:", "postgresql+psycopg:"))
shell.run_cell_magic("sql", "", "create table t as values (1, 'a'), (2, 'b')")
result = shell.run_cell_magic("sql", "", "select * from t order by 1")
print([tuple(row) for row in result])
"""


@pytest.mark.heavy
class TestDbt:
    CLIENT = Client("dbt on psycopg2", "1.10.2")

    @pytest.fixture
    def place(self, served: Place) -> Place:
        """A cluster's own database, as dbt's SQL has the database's name in it."""
        return served

    def test_seeds_models_and_tests(self, place: Place, tmp_path: Path) -> None:
        for name, text in DBT.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(textwrap.dedent(text), encoding="utf-8")
        # dbt-core's later ones fetch a part from elsewhere as they are installed.
        modules = libraries(f"dbt-postgres=={self.CLIENT.version}", "dbt-core>=1.10,<1.11")
        ran = subprocess.run(
            [sys.executable, "-m", "dbt.cli.main", "build", "--profiles-dir", "."],
            cwd=tmp_path,
            env={**os.environ, "PLACE": place.host, "PYTHONPATH": str(modules)},
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        with psycopg.connect(**place.libpq()) as connection:
            assert connection.execute("select total from view").fetchone() == (42,)


class TestJupySQL:
    CLIENT = Client.installed("JupySQL on SQLAlchemy and psycopg", "jupysql")

    def test_magics(self, url: str, script: Callable[..., str]) -> None:
        assert "[(1, 'a'), (2, 'b')]" in script(JUPYSQL, url).splitlines()

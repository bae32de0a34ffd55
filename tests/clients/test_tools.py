"""Tools of the command line and of notebooks: dbt, JupySQL."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg
import pytest

from tests.clients.compatibility import Client
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
              host: "{{ env_var('H') }}"
              port: "{{ env_var('P') | int }}"
              user: postgres
              password: "{{ env_var('W') }}"
              dbname: "{{ env_var('D') }}"
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


class TestDbt:
    CLIENT = Client.installed("dbt on psycopg2", "dbt-postgres")

    def test_seeds_models_and_tests(self, url: str, tmp_path: Path) -> None:
        for name, text in DBT.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(textwrap.dedent(text), encoding="utf-8")
        place = urlsplit(url)
        where = {
            "H": str(place.hostname),
            "P": str(place.port),
            "W": unquote(place.password or ""),
            "D": place.path[1:],
        }
        ran = subprocess.run(
            [Path(sys.executable).with_name("dbt"), "build", "--profiles-dir", "."],
            cwd=tmp_path,
            env={**os.environ, **where},
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        with psycopg.connect(url) as connection:
            assert connection.execute("select total from view").fetchone() == (42,)


class TestJupySQL:
    CLIENT = Client.installed("JupySQL on SQLAlchemy and psycopg", "jupysql")

    def test_magics(self, url: str, script: Callable[..., str]) -> None:
        assert script(JUPYSQL, url).splitlines()[-1] == "[(1, 'a'), (2, 'b')]"

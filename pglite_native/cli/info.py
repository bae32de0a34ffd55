"""`pglite-native info`: what is installed, and what a database has of it."""

from __future__ import annotations

import argparse
import json
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from pglite_native import extensions
from pglite_native.cli.database import add_arguments, existing, open_engine
from pglite_native.cli.progress import amount
from pglite_native.database.pglite import PGlite
from pglite_native.engine import guest
from pglite_native.engine.engine import Engine

# vendor/pins.toml, which is not installed; a test compares.
PGLITE = "0.5.17"

EXTENSIONS = """
select name, default_version as version, installed_version as created
from pg_available_extensions order by name"""

DATABASE = """
select current_database() as name, pg_database_size(current_database()) as bytes,
    (select count(*) from pg_class c join pg_namespace n on n.oid = relnamespace
        where relkind in ('r', 'p') and nspname !~ '^pg_' and nspname <> 'information_schema'
    ) as tables"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the command line's."""
    parser = commands.add_parser(
        "info",
        help="tell versions, files, extensions",
        description="Tell what is installed, and, with --data-dir or --image, what is in there.",
    )
    parser.set_defaults(command=run)
    parser.add_argument("--json", action="store_true", help="for programs: one JSON object")
    add_arguments(parser)


def run(options: argparse.Namespace) -> bool:
    """Print what is known."""
    if options.data_dir is not None:
        existing(options.data_dir)
    with open_engine(options) as engine:
        facts = collect(engine)
    if options.json:
        print(json.dumps(facts, indent=2))
    else:
        _print(facts)
    return True


def package_version() -> str:
    """Return the package's version; a source tree that is not installed has none."""
    try:
        return version("pglite-native")
    except PackageNotFoundError:
        return "(a source tree)"


def collect(engine: Engine) -> dict[str, Any]:
    """Ask the package, and an engine of it."""
    files = guest.files()
    with PGlite(engine=engine) as db:
        available = db.query(EXTENSIONS).rows
        database = db.query(DATABASE).rows[0]
        (server,) = db.query("show server_version").rows
    return {
        "package": package_version(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "platform": platform.platform(),
        "postgresql": server["server_version"],
        "pglite": PGLITE,
        "tier": engine.tier,
        "guest": {
            "identity": (guest.packaged() / "identity").read_text().strip(),
            "module": str(files.module),
        },
        "image": {"path": str(files.image), "bytes": files.image.stat().st_size},
        "database": database,
        "extensions": {"available": available, "added": extensions.added()},
    }


def _print(facts: dict[str, Any]) -> None:
    database, image, found = facts["database"], facts["image"], facts["extensions"]
    created = [f"{row['name']} {row['created']}" for row in found["available"] if row["created"]]
    lines = {
        "pglite-native": facts["package"],
        "Python": f"{facts['python']} on {facts['platform']}",
        "PostgreSQL": facts["postgresql"],
        "PGlite": facts["pglite"],
        "tier": facts["tier"],
        "guest": f"{facts['guest']['identity']}",
        "module": facts["guest"]["module"],
        "image": f"{image['path']} ({amount(image['bytes'])})",
        "database": f"{database['name']}, {amount(database['bytes'])}, {database['tables']} tables",
        "extensions": f"{len(found['available'])} available (`extension list`)",
        "created": ", ".join(created) or "none",
        "added": ", ".join(found["added"]) or "none",
    }
    for name, value in lines.items():
        print(f"{name + ':':<15}{value}")

"""The npm packages of extensions that PGlite's project publishes, fetched once for all tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.published import archive
from vendor.pins import VendorError

OFFLINE = ("EAI_AGAIN", "ENOTFOUND", "ECONNREFUSED", "ENETUNREACH", "ETIMEDOUT", "EHOSTUNREACH")


# Those that one statement shows at work, with its answer.
USES = {
    "pg_hashids": ("select id_encode(1001)", "jNl"),
    "pg_textsearch": (
        "create table doc (id int, content text);"
        "insert into doc values (1, 'a fox'), (2, 'a database of foxes and databases');"
        "create index on doc using bm25 (content) with (text_config = 'english');"
        "select id from doc order by content <@> 'database' limit 1",
        "2",
    ),
    "pg_uuidv7": (
        "select (uuid_v7_to_timestamptz(uuid_generate_v7()) > '2020-01-01')::text",
        "true",
    ),
    "pgmq": ("select pgmq.create('q'); select pgmq.send('q', '{}')", "1"),
}


def package(name: str) -> Path:
    """Return an extension's package; skip the test where there is no network."""
    try:
        return archive(name)
    except VendorError as error:
        if any(code in str(error) for code in OFFLINE):
            pytest.skip(f"no network: {name} cannot be fetched")
        raise

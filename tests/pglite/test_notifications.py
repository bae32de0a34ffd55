"""LISTEN and NOTIFY: who is told what, and when."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from pglite_native import DatabaseError, PGlite


def notify(db: PGlite, channel: str, payload: str) -> None:
    db.query("select pg_notify($1, $2)", [channel, payload])


def channels(db: PGlite) -> list[str]:
    return [row["c"] for row in db.query("select pg_listening_channels() as c").rows]


def test_a_callback_is_told_until_it_is_ended(db: PGlite) -> None:
    heard: list[str] = []
    stop = db.listen("a", heard.append)
    notify(db, "a", "1")
    notify(db, "b", "2")
    stop()
    stop()
    notify(db, "a", "3")
    assert heard == ["1"]
    assert channels(db) == []


@pytest.mark.parametrize("channel", ["Jobs", 'a "b"', "é; drop table t"])
def test_a_channel_is_taken_by_its_name(db: PGlite, channel: str) -> None:
    heard: list[str] = []
    db.listen(channel, heard.append)
    assert channels(db) == [channel]
    notify(db, channel, "x")
    notify(db, channel.lower() + "_", "y")
    assert heard == ["x"]


def test_a_channel_is_listened_to_while_anybody_is_left(db: PGlite) -> None:
    first: list[str] = []
    second: list[str] = []
    db.listen("a", first.append)
    stop = db.listen("a", second.append)
    stop()
    notify(db, "a", "1")
    db.listen("a", second.append)
    db.unlisten("a")
    db.unlisten("never")
    notify(db, "a", "2")
    assert (first, second) == (["1"], [])
    assert channels(db) == []


def test_on_notification_hears_all_channels(db: PGlite) -> None:
    heard: list[tuple[str, str]] = []
    off = db.on_notification(lambda channel, payload: heard.append((channel, payload)))
    for channel in "ab":
        db.listen(channel, lambda payload: None)
    db.exec("notify a, '1'; notify b, '2'; notify c, '3'")
    off()
    off()
    notify(db, "a", "4")
    assert heard == [("a", "1"), ("b", "2")]


def test_what_a_transaction_says_is_heard_when_it_is_committed(db: PGlite) -> None:
    heard: list[str] = []
    db.listen("a", heard.append)
    with db.transaction() as transaction:
        transaction.exec("notify a, '1'")
        assert heard == []
    assert heard == ["1"]
    with db.transaction() as transaction:
        transaction.exec("notify a, '2'")
        transaction.rollback()
    assert heard == ["1"]


def test_a_callback_may_use_the_database(db: PGlite) -> None:
    """And what it causes is heard after what was said before."""
    heard: list[str] = []

    def answer(payload: str) -> None:
        heard.append(payload)
        if payload == "ping":
            notify(db, "a", "pong")

    db.listen("a", answer)
    db.exec("notify a, 'ping'; notify a, 'next'")
    assert heard == ["ping", "next", "pong"]


def test_a_failing_callback_harms_nobody(db: PGlite, caplog: pytest.LogCaptureFixture) -> None:
    heard: list[str] = []

    def fail(payload: str) -> None:
        raise RuntimeError(payload)

    callbacks: list[Callable[[str], object]] = [fail, heard.append]
    for callback in callbacks:
        db.listen("a", callback)
    assert db.query("select pg_notify('a', '1'), 5 as n").rows[0]["n"] == 5
    assert heard == ["1"]
    assert [record.message for record in caplog.records] == ["a listener on 'a' failed"]


def test_what_a_listener_raises_is_printed_where_there_is_no_logging() -> None:
    program = (
        "from pglite_native import PGlite\n"
        "db = PGlite(on_notice=lambda notice: 1 / 0)\n"
        "db.listen('jobs', lambda payload: [][5])\n"
        "db.exec('notify jobs')\n"
        "db.exec('drop table if exists nope')\n"
        "print(db.query('select 1 as one').scalar())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "1\n"
    assert "a listener on 'jobs' failed" in done.stderr and "IndexError" in done.stderr
    assert "on_notice failed" in done.stderr and "ZeroDivisionError" in done.stderr
    assert "does not exist, skipping" not in done.stderr


def test_a_failed_listen_leaves_nothing(db: PGlite) -> None:
    heard: list[str] = []
    with pytest.raises(DatabaseError):
        db.listen("", heard.append)
    db.exec("listen a")  # SQL's own is heard by on_notification alone
    notify(db, "a", "1")
    assert heard == []

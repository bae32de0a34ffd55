"""What has changed between two results: following the changes leads from one to the other."""

from __future__ import annotations

import random
from typing import Any

import pytest

from pglite_native import LiveChange
from pglite_native.live.rows import KeyedRows

COLUMNS = [("id", 23), ("word", 25)]
Rows = list[tuple[str, str | None]]


def keyed(rows: Rows, columns: list[tuple[str, int]] = COLUMNS) -> KeyedRows:
    return KeyedRows(columns, rows, [int, str], "id")


def follow(rows: list[dict[str, Any]], changes: list[LiveChange]) -> list[dict[str, Any]]:
    """Apply changes as a user does: rows by key, and for each the key of the row before it."""
    by_key = {row["id"]: row for row in rows}
    order = [row["id"] for row in rows]
    after = dict(zip(order, [None, *order], strict=False))
    for change in changes:
        if change.operation == "reset":
            by_key, after = {}, {}
        elif change.operation == "delete":
            del by_key[change.key], after[change.key]
        else:
            by_key[change.key] = {**by_key.get(change.key, {}), **change.row}
            if change.operation == "insert" or change.moved:
                after[change.key] = change.after
    following = {before: key for key, before in after.items()}
    found = []
    key = following.get(None)
    while key is not None:
        found.append(by_key[key])
        key = following.get(key)
    return found


def objects(rows: Rows) -> list[dict[str, Any]]:
    return keyed(rows).objects(None, ())


@pytest.mark.parametrize("seed", range(200))
def test_following_the_changes_leads_to_the_result(seed: int) -> None:
    choose = random.Random(seed)

    def some() -> Rows:
        ids = choose.sample(range(8), choose.randrange(9))
        return [(str(number), choose.choice(["a", "b", None])) for number in ids]

    before, after = some(), some()
    changes = keyed(after).changes_since(keyed(before))
    assert follow(objects(before), changes) == objects(after)
    assert (changes == []) == (before == after) == (keyed(before) == keyed(after))


def test_only_what_has_changed_is_told() -> None:
    before = keyed([("1", "a"), ("2", "b"), ("3", None)])
    after = keyed([("1", "x"), ("3", None), ("4", "d")])
    assert after.changes_since(before) == [
        LiveChange("insert", 4, {"id": 4, "word": "d"}, 3),
        LiveChange("delete", 2, {}),
        LiveChange("update", 1, {"word": "x"}),
        LiveChange("update", 3, {}, 1, moved=True),
    ]


def test_rows_that_have_not_changed_are_the_same_objects() -> None:
    before = keyed([("1", "a"), ("2", "b")])
    known = before.objects(None, ())
    now = keyed([("2", "b"), ("1", "x")]).objects(before, known)
    assert now == [{"id": 2, "word": "b"}, {"id": 1, "word": "x"}]
    assert now[0] is known[1]


def test_other_columns_are_a_reset() -> None:
    before = keyed([("1", "a"), ("2", "b")])
    after = keyed([("1", "a")], [("id", 23), ("renamed", 25)])
    changes = after.changes_since(before)
    assert [change.operation for change in changes] == ["reset", "insert"]
    assert follow(before.objects(None, ()), changes) == [{"id": 1, "renamed": "a"}]
    assert after.objects(before, before.objects(None, ())) == [{"id": 1, "renamed": "a"}]


@pytest.mark.parametrize(
    ("rows", "key", "message"),
    [
        ([("1", "a"), ("1", "b")], "id", "1, which comes twice"),
        ([("1", None)], "word", "of a row is NULL"),
        ([], "other", "no column of the result: id, word"),
    ],
)
def test_a_key_must_be_unique(rows: Rows, key: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        KeyedRows(COLUMNS, rows, [int, str], key)

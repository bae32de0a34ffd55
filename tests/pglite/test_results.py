"""Results: their rows by the usual short ways, and columns of one name."""

from __future__ import annotations

import pytest

from pglite_native import PGlite, Results
from pglite_native.database.results import keys


def test_they_are_iterated_over_and_counted(db: PGlite) -> None:
    results = db.query("select i from generate_series(1, 3) i")
    assert len(results) == 3
    assert [row["i"] for row in results] == [1, 2, 3]
    assert not db.query("select 1 where false")


def test_one_is_the_only_row(db: PGlite) -> None:
    assert db.query("select 1 as a").one() == {"a": 1}
    assert db.query("select 1 as a", row_mode="array").one() == (1,)
    for count in (0, 2):
        with pytest.raises(ValueError, match=f"one row, and the statement returned {count}"):
            db.query(f"select from generate_series(1, {count})").one()


def test_first_and_scalar_are_none_without_a_row(db: PGlite) -> None:
    several = "select i, -i as j from generate_series(1, 3) i"
    assert db.query(several).first() == {"i": 1, "j": -1}
    assert db.query(several).scalar() == 1
    assert db.query(several, row_mode="array").scalar() == 1
    nothing = db.query("select 1 as a where false")
    assert (nothing.first(), nothing.scalar()) == (None, None)
    with pytest.raises(ValueError, match=r"scalar\(\) wants a column, and CREATE returned none"):
        db.query("create table t ()").scalar()


def test_columns_of_one_name_are_all_there(db: PGlite) -> None:
    results = db.query("select 1 as id, 'a' as name, 2 as id, 3 as id_2, 4 as id")
    assert results.rows == [{"id": 1, "name": "a", "id_3": 2, "id_2": 3, "id_4": 4}]
    assert [field.name for field in results.fields] == ["id", "name", "id", "id_2", "id"]
    assert db.exec("select 1, 2")[0].rows == [{"?column?": 1, "?column?_2": 2}]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], []),
        (["a", "b"], ["a", "b"]),
        (["a", "a", "a"], ["a", "a_2", "a_3"]),
        (["a_2", "a", "a"], ["a_2", "a", "a_3"]),
        (["a", "a", "a_2"], ["a", "a_3", "a_2"]),
    ],
)
def test_keys(names: list[str], expected: list[str]) -> None:
    assert keys(names) == expected


def test_results_compare_by_content() -> None:
    assert Results([{"a": 1}], [], 0) == Results([{"a": 1}], [], 0)

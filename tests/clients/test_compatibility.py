"""The compatibility page says what ran, no more and no less."""

from __future__ import annotations

import pytest

from tests.clients.compatibility import PAGE, Ran, decode, differences, encode, parse, render

RAN = [
    Ran("driver", "1.9", "Unix socket", "copy"),
    Ran("driver", "1.9", "Unix socket", "errors"),
    Ran("driver", "1.9", "TLS", "copy"),
    Ran("driver", "1.9", "TLS", "errors"),
    Ran("other", "2.0", "TCP", "errors"),
]


def test_a_page_is_read_as_it_was_written() -> None:
    assert set(parse(render(RAN))) == set(RAN)
    assert [decode(encode(ran)) for ran in RAN] == RAN


def test_ways_by_which_the_same_ran_share_a_row() -> None:
    rows = [line for line in render([*RAN, *RAN]).splitlines() if line.startswith("| driver")]
    assert rows == ["| driver | 1.9 | Unix socket, TLS | copy, errors |"]
    rows = [line for line in render(RAN[:3]).splitlines() if line.startswith("| driver")]
    assert rows == [
        "| driver | 1.9 | Unix socket | copy, errors |",
        "| driver | 1.9 | TLS | copy |",
    ]


DIFFERENT = {
    "nothing": (RAN, RAN, []),
    "ran and is not on the page": (
        RAN[1:],
        RAN,
        ["driver is not said to do: ('Unix socket', 'copy')"],
    ),
    "is on the page and did not run": (
        RAN,
        RAN[1:],
        ["driver did not do: ('Unix socket', 'copy')"],
    ),
    "a client without tests": (RAN, RAN[:4], ["other is on the page, and in no test"]),
    "a client without a row": (
        RAN[:4],
        RAN,
        ["other is not said to do: ('TCP', 'errors')"],
    ),
}


@pytest.mark.parametrize(("page", "ran", "found"), DIFFERENT.values(), ids=DIFFERENT)
def test_differences(page: list[Ran], ran: list[Ran], found: list[str]) -> None:
    assert differences(page, ran, skipped=[], is_whole=True) == found


def test_what_is_not_there_or_not_asked_for_is_not_missed() -> None:
    assert differences(RAN, RAN[:4], skipped=["other"], is_whole=True) == []
    assert differences(RAN, RAN[:1], skipped=[], is_whole=False) == []


@pytest.mark.parametrize(("version", "count"), [("1.8.9", 0), ("1.10", 1), ("2", 1)])
def test_a_later_version_must_do_the_same_an_earlier_one_need_not(version: str, count: int) -> None:
    ran = [Ran("driver", version, ran.transport, ran.behaviour) for ran in RAN[:3]]
    assert len(differences(RAN, ran, skipped=["other"], is_whole=True)) == count


def test_the_page_is_as_it_was_written() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert render(parse(page)) == page

"""The option is a number."""

from pytest_postgresql.config import get_config


def test_number(request):
    assert get_config(request)["port_search_count"] == 10

"""Reports of failed tests without this package's own frames, which --full-trace shows.

pytest passes over the frames of a module that has a global variable of a certain name. It is set in
those that a traceback has led through, and so nothing is spent on it before.
"""

from __future__ import annotations

from collections.abc import Generator

import pytest

PACKAGE = "pglite_native."


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    error = None if call.excinfo is None else call.excinfo.value
    while error is not None:  # those that it came of are shown, too
        trace = error.__traceback__
        while trace is not None:
            module = trace.tb_frame.f_globals
            if str(module.get("__name__")).startswith(PACKAGE):
                module["__tracebackhide__"] = True
            trace = trace.tb_next
        error = error.__cause__ or error.__context__
    return (yield)

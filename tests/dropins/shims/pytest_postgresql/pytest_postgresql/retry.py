"""Tries again until something works."""

import time
from collections.abc import Callable
from typing import Any


def retry(
    call: Callable[[], Any], timeout: int = 60, possible_exception: type[Exception] = Exception
) -> Any:
    end = time.monotonic() + timeout
    while True:
        try:
            return call()
        except possible_exception as error:
            if time.monotonic() > end:
                raise TimeoutError from error
            time.sleep(0.1)

"""Subinterpreters, in which nothing may be served."""

from __future__ import annotations

import ctypes

from pglite_native.errors import EngineError


def check_interpreter() -> None:
    """Refuse a subinterpreter.

    One that has threads when it is to end cannot be ended: Python raises RuntimeError, and aborts
    the process when it exits. A server has threads until it is closed.

    Raises:
        EngineError: this is not the main interpreter.
    """
    python = ctypes.PyDLL(None)  # of its own, so that the types below are not shared
    python.PyInterpreterState_Get.restype = ctypes.c_void_p
    python.PyInterpreterState_GetID.restype = ctypes.c_int64
    python.PyInterpreterState_GetID.argtypes = [ctypes.c_void_p]
    if python.PyInterpreterState_GetID(python.PyInterpreterState_Get()) != 0:
        raise EngineError(
            "a server has threads, and Python cannot end a subinterpreter that has threads:"
            " serve (Server, dsn, url) from the main interpreter"
        )

"""System calls that the kernel refuses to a process from now on, and to its children: seccomp.

As where a sandbox forbids them, or where the kernel is older than they are. The filter is a program
for Linux's classic BPF (linux/filter.h, linux/seccomp.h).
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Iterable, Iterator
from typing import NamedTuple

# Of what this machine has: asm/unistd.h.
NUMBERS = {
    "x86_64": {
        "madvise": 28,
        "ioctl": 16,
        "flock": 73,
        "getrandom": 318,
        "memfd_create": 319,
        "fallocate": 285,
        "syncfs": 306,
        "eventfd2": 290,
        "epoll_create1": 291,
        "userfaultfd": 323,
        "statx": 332,
        "rseq": 334,
        "clone3": 435,
        "close_range": 436,
        "openat2": 437,
        "faccessat2": 439,
    },
    "aarch64": {
        "madvise": 233,
        "ioctl": 29,
        "flock": 32,
        "getrandom": 278,
        "memfd_create": 279,
        "fallocate": 47,
        "syncfs": 267,
        "eventfd2": 19,
        "epoll_create1": 20,
        "userfaultfd": 282,
        "statx": 291,
        "rseq": 293,
        "clone3": 435,
        "close_range": 436,
        "openat2": 437,
        "faccessat2": 439,
    },
}
AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

# struct seccomp_data: nr, arch, instruction_pointer, args.
NUMBER_AT, ARCH_AT, ARGS_AT, ARG_SIZE = 0, 4, 16, 8
LOAD, JUMP_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, REFUSE = 0x7FFF0000, 0x00050000

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2


class Call(NamedTuple):
    """A system call; of those with an operation among their arguments, one operation."""

    name: str
    argument: int = 0
    value: int | None = None


def refuse(calls: Iterable[Call], error: int = errno.ENOSYS) -> None:
    """Let the calls fail with an error.

    Raises:
        OSError: the kernel has no such filters.
        KeyError: the numbers of this processor's calls are not known here.
    """
    lines = list(_program(calls, error))
    code = b"".join(lines)
    buffer = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("@HP", len(lines), ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if (
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
        or libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0) != 0
    ):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _program(calls: Iterable[Call], error: int) -> Iterator[bytes]:
    machine = platform.machine()
    numbers = NUMBERS[machine]
    yield _line(LOAD, ARCH_AT)
    yield _line(JUMP_EQUAL, AUDIT_ARCH[machine], 1, 0)
    yield _line(RETURN, ALLOW)
    for call in calls:
        yield _line(LOAD, NUMBER_AT)
        if call.value is None:
            yield _line(JUMP_EQUAL, numbers[call.name], 0, 1)
        else:
            yield _line(JUMP_EQUAL, numbers[call.name], 0, 3)
            yield _line(LOAD, ARGS_AT + ARG_SIZE * call.argument)
            yield _line(JUMP_EQUAL, call.value, 0, 1)
        yield _line(RETURN, REFUSE | error)
    yield _line(RETURN, ALLOW)


def _line(code: int, k: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, k)

"""Client programs of PostgreSQL's, each run in a guest of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pglite_native._closing import Dropping, Owner
from pglite_native.engine import guest
from pglite_native.engine.binding import check, ffi, lib, new_variable

_BYTES = ffi.typeof("uint8_t[]")


def _text(word: str) -> bytes:
    """Encode for C; a NUL would cut the word off unnoticed."""
    if "\0" in word:
        raise ValueError(f"must not contain a NUL character: {word!r}")
    return word.encode()


class Program(Dropping):
    """A program of the package's that runs: what its server says goes in, what it says comes out.

    Which server that is, it does not know: its caller carries the messages.

    Args:
        name: "pg_dump".
        arguments: its command line, without its own name.
        write: called with what it writes to its standard output.
    """

    _owner: Owner | None = None  # until then there is nothing to end, whatever interrupts

    def __init__(
        self, name: str, arguments: Sequence[str], write: Callable[[bytes], object]
    ) -> None:
        strings = [ffi.new("char[]", _text(word)) for word in (f"/{name}", *arguments)]
        self._kept = ffi.new("char *[]", [*strings, ffi.NULL]), strings  # as long as it runs
        self._error = ffi.new("pgn_error *")
        self._turn = ffi.new("pgn_turn *")
        self._write = write
        self._messages = b""
        module = bytes(guest.packaged() / f"{name}.wasm")
        self._owner = new_variable("pgn_program")
        self._variable = self._owner.variable
        check(lib.pgn_program_open(module, self._kept[0], self._variable, self._error), self._error)

    def run(self, said: bytes | None) -> bytes:
        """Run until it wants its server to say more, or has ended; return what it says to it.

        `said` is what the server has said since: nothing at the beginning; None: it has hung up.

        Raises:
            EngineError: it has failed; it can only be closed.
            EngineMemoryError: there is no memory for what it writes.
        """
        turn, size = self._turn, len(said or b"")
        data = ffi.NULL if said is None else ffi.from_buffer(_BYTES, said)
        program = self._variable[0]
        check(lib.pgn_program_run(program, data, size, turn, self._error), self._error)
        self._messages += bytes(ffi.buffer(turn.messages, turn.messages_size))
        if turn.output_size:
            self._write(bytes(ffi.buffer(turn.output, turn.output_size)))
        return bytes(ffi.buffer(turn.request, turn.request_size))

    @property
    def exit_code(self) -> int | None:
        """What it has ended with; None: it has not."""
        return self._turn.exit_code if self._turn.ended else None

    @property
    def messages(self) -> str:
        """What it has written to its standard error."""
        return self._messages.decode(errors="replace").strip()

    def close(self) -> None:
        """End it, wherever it is; idempotent."""
        if self._owner is not None:
            lib.pgn_program_drop(self._owner.variable)

    def _leave(self, kind: type[BaseException] | None) -> None:
        self.close()

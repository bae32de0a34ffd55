"""Reading a slot, and confirming what the reader has taken: common to threads and asyncio."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from pglite_native.changes import messages
from pglite_native.changes.change import Change, CommittedTransaction
from pglite_native.changes.messages import Relation, position_text
from pglite_native.changes.slot import Selection, Slot
from pglite_native.changes.values import Assembler, Decoded, End, Table
from pglite_native.database.pglite import PGlite
from pglite_native.database.scalar_converters import Parser

POLL_SECONDS = (0.001, 0.05)
"""The first pause between two looks at the log, and the longest; each is half as long again as the
one before. A commit wakes no one who waits for it, and a look costs some microseconds."""


def pause_after(pause: float) -> float:
    """Return how long to wait after a pause in which nothing has come; 0 for the first."""
    first, longest = POLL_SECONDS
    return min(max(first, pause * 1.5), longest)


class Reader:
    """Fetches messages, in batches, and hands changes out.

    `fill` uses the session, `take` and `take_transaction` do not. A `fill` that was cancelled is
    done again by the next, if the slot is still there: nothing is lost, and nothing comes twice.
    """

    def __init__(
        self, session: PGlite, selection: Selection, parsers: Mapping[int, Parser]
    ) -> None:
        self._session = session
        self._parsers = parsers
        self.slot = Slot(session, selection)
        self._assembler = Assembler()
        self._messages: deque[tuple[str, Decoded]] = deque()
        self._ready: deque[Change | End] = deque()  # made of one message
        self._handed_out = 0  # the end of the last transaction that was handed out whole
        self._confirmed = 0

    def fill(self) -> bool:
        """See to it that there is something to take, if there is anything at all."""
        if self._messages or self._ready:
            return True
        with self._session.engine._background.work():
            self.confirm()
            batch = [(lsn, self._decode(data)) for lsn, data in self.slot.fetch()]
        self._messages.extend(batch)
        return bool(batch)

    def take(self) -> Change | None:
        """Return the next change; None if there is none at hand. The one before has been taken."""
        while (event := self._next()) is not None:
            self._ready.popleft()
            if isinstance(event, Change):
                return event
            self._handed_out = event.position
        return None

    def take_transaction(self) -> CommittedTransaction | None:
        """Return the next transaction, or the rest of one; None if there is none at hand.

        A batch ends with a transaction, so that each is at hand whole. It counts as handed out by
        the next call.
        """
        changes: list[Change] = []
        while (event := self._next()) is not None:
            if isinstance(event, Change):
                changes.append(event)
                self._ready.popleft()
                continue
            if changes:
                first = changes[0]
                return CommittedTransaction(
                    first.xid,
                    position_text(event.position),
                    first.commit_time,
                    first.origin,
                    tuple(changes),
                )
            self._ready.popleft()
            self._handed_out = event.position
        return None

    def take_end(self) -> None:
        """Count the last change's transaction as taken, if that was its last."""
        while isinstance(event := self._next(), End):
            self._ready.popleft()
            self._handed_out = event.position

    def confirm(self) -> None:
        """Confirm what was handed out whole."""
        if self._handed_out > self._confirmed:
            end = self._handed_out
            self.slot.confirm(end)
            self._confirmed = end

    def end(self) -> None:
        """Confirm what was taken, or drop what is temporary."""
        if self.slot.is_temporary:
            self.slot.end()
        else:
            self.confirm()

    def _next(self) -> Change | End | None:
        while not self._ready:
            if not self._messages:
                return None
            self._ready.extend(list(self._assembler.feed(*self._messages[0])))
            self._messages.popleft()
        return self._ready[0]

    def _decode(self, data: bytes) -> Decoded:
        message = messages.decode(data)
        if not isinstance(message, Relation):
            return message
        if not self._session._conversation.types.know(column.type for column in message.columns):
            self._session.refresh_array_types()
        types = self._session._conversation.types.with_converters(self._parsers, None)
        return Table.of(message, types.parser)

"""A session with Python values in it: what a PGlite and its transactions share."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Literal

from pglite_native import _rows
from pglite_native.database import types
from pglite_native.database.conversation import IDLE, Answer, Conversation
from pglite_native.database.results import Description, Field, Results, keys
from pglite_native.database.scalars import Parser, Serializer
from pglite_native.diagnostics import Notice
from pglite_native.engine import files, forking
from pglite_native.engine.files import Source
from pglite_native.protocol import wire

_log = logging.getLogger("pglite_native")

Callback = Callable[[str], object]
Listener = Callable[[str, str], object]

COPY_CHUNK = 256 * 1024
"""Bytes sent in one step: enough that the price of a step, some microseconds, does not count."""

RowMode = Literal["object", "array"]

# Commands of which the count of rows is one of those they touched.
_AFFECTING = ("INSERT", "UPDATE", "DELETE", "MERGE", "COPY")


class TypedConversation:
    """To be used by the thread that holds `lock`, which it may take more than once."""

    def __init__(self, text: Conversation, types: types.Types) -> None:
        self.text = text
        self.types = types
        self.lock = threading.RLock()
        self.savepoints = 0
        self.unsettled = False
        """A transaction begins or ends; or an interrupt has left that half done."""
        self.closed = False
        self.channels: dict[str, list[Callback]] = {}
        self.listeners: list[Listener] = []
        self._notifies = False
        forking.register(self)

    def _after_fork(self) -> None:
        """See forking."""
        self.lock = threading.RLock()

    def settle(self) -> None:
        """Undo a transaction whose beginning or end was interrupted."""
        if self.unsettled:
            if self.text.status != IDLE:
                self.text.simple("rollback")
            self.unsettled = False

    def query(
        self,
        sql: str,
        params: Sequence[Any] | None,
        row_mode: RowMode = "object",
        *,
        parsers: Mapping[int, Parser] | None = None,
        serializers: Mapping[int | type, Serializer] | None = None,
        on_notice: Callable[[Notice], object] | None = None,
        param_types: Sequence[int] = (),
    ) -> Results[Any]:
        _check_row_mode(row_mode)
        if isinstance(params, str | bytes) or not isinstance(params, Sequence | None):
            raise TypeError(
                f"params must be a sequence of values, for $1, $2, ... in order: {params!r}"
            )
        noticed, self.text.also_on_notice = self.text.also_on_notice, on_notice
        try:
            if params:
                texts = self._serialized(sql, params, param_types, serializers)
                answer = self.text.execute(sql, texts)
            else:
                answer = self.text.run(sql, param_types)
            results = self._results(answer, row_mode, self.types.with_converters(parsers, None))
        finally:
            self.text.also_on_notice = noticed
        self.notify()
        return results

    def exec(
        self,
        sql: str,
        row_mode: RowMode = "object",
        *,
        parsers: Mapping[int, Parser] | None = None,
        on_notice: Callable[[Notice], object] | None = None,
    ) -> list[Results[Any]]:
        _check_row_mode(row_mode)
        noticed, self.text.also_on_notice = self.text.also_on_notice, on_notice
        try:
            answers = self.text.simple(sql)
            types = self.types.with_converters(parsers, None)
            results = [self._results(answer, row_mode, types) for answer in answers]
        finally:
            self.text.also_on_notice = noticed
        self.notify()
        return results

    def copy_from(self, sql: str, source: Source) -> int:
        answer = self.text.copy_in(sql, files.chunks(source, COPY_CHUNK))
        self.notify()
        return _row_count(answer.tag) or 0

    def copy_to(self, sql: str, sink: files.Writable) -> int:
        answer = self.text.copy_out(sql, sink.write)
        self.notify()
        return _row_count(answer.tag) or 0

    def describe(self, sql: str, param_types: Sequence[int] = ()) -> Description:
        types, columns = self.text.prepare(sql, param_types)
        return Description(types, _fields(columns))

    def look_up_types(self) -> None:
        (answer,) = self.text.simple(types.LOOKUP)
        self.types.learn(answer.rows([_rows.TEXT] * len(answer.columns)))

    def _serialized(
        self,
        sql: str,
        params: Sequence[Any],
        param_types: Sequence[int],
        serializers: Mapping[int | type, Serializer] | None,
    ) -> list[str | None]:
        """Prepare a statement, and write its parameters as it wants them."""
        oids, _ = self.text.prepare(sql, param_types)
        if not self.types.know(oids):
            self.look_up_types()
            oids, _ = self.text.prepare(sql, param_types)  # looking up was a statement, too
        types = self.types.with_converters(None, serializers)
        # Too many or too few: the server's error says it best, so all there are go to it.
        oids += [0] * (len(params) - len(oids))
        return [
            None if value is None else types.serialize(oid, value)
            for oid, value in zip(oids, params, strict=False)
        ]

    def _results(self, answer: Answer, row_mode: str, types: types.Types) -> Results[Any]:
        fields = _fields(answer.columns)
        if not self.types.know(field.data_type_id for field in fields):
            self.look_up_types()
            types = self.types.with_converters(types.parsers, None)
        converters = [types.converter(field.data_type_id) for field in fields]
        names = None if row_mode == "array" else keys([field.name for field in fields])
        return _completed(answer.rows(converters, names), fields, answer.tag)

    def notify(self) -> None:
        """Tell the listeners, in order, also of what comes while they are told."""
        if self._notifies:
            return
        self._notifies = True
        try:
            while self.text.notifications:
                channel, payload = self.text.notifications.popleft()
                calls = [partial(callback, payload) for callback in self.channels.get(channel, [])]
                calls += [partial(listener, channel, payload) for listener in self.listeners]
                for call in calls:
                    try:
                        call()
                    except Exception:  # the statement has succeeded: its result must not be lost
                        _log.exception("a listener on %r failed", channel)
        finally:
            self._notifies = False


def _fields(columns: Iterable[wire.Column]) -> list[Field]:
    return [Field(column.name, column.type) for column in columns]


def _completed(rows: list[Any], fields: list[Field], tag: str) -> Results[Any]:
    """A result, with what its CommandComplete says."""
    command, count = tag.partition(" ")[0], _row_count(tag)
    affected = count or 0 if command in _AFFECTING else 0
    return Results(rows, fields, affected, command, count)


def _row_count(tag: str) -> int | None:
    """A tag ends with it, as in "INSERT 0 5", or in a word."""
    count = tag.rpartition(" ")[2]
    return int(count) if count.isdecimal() else None


def _check_row_mode(row_mode: str) -> None:
    if row_mode not in ("object", "array"):
        raise ValueError(f"row_mode must be 'object' or 'array': {row_mode!r}")

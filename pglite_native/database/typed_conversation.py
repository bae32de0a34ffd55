"""A session with Python values in it: what a PGlite and its transactions share."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from types import NoneType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pglite_native import _messages, _rows, logs
from pglite_native.database import copying
from pglite_native.database.conversation import IDLE, Answer, Conversation
from pglite_native.database.prepared_statements import Key, Statement
from pglite_native.database.results import Description, Field, Results, keys
from pglite_native.database.scalar_converters import Parser, Serializer
from pglite_native.database.types import FLOAT8, LOOKUP, Types
from pglite_native.diagnostics import Notice
from pglite_native.engine import forking
from pglite_native.engine.files import Writable
from pglite_native.protocol import wire

if TYPE_CHECKING:
    from pglite_native.database.arrow import ArrowTable

Callback = Callable[[str], object]
Listener = Callable[[str, str], object]

RowMode = Literal["object", "array"]

_ROW_MODES = ("object", "array")
_PARAMS = (NoneType, list, tuple)
_TEXT = wire.result_formats([])
_SYNC = wire.sync()

# Commands of which the count of rows is one of those they touched.
_AFFECTING = ("INSERT", "UPDATE", "DELETE", "MERGE", "COPY")


class Converted(NamedTuple):
    """What came of a statement, with its rows converted."""

    rows: list[Any]
    fields: Sequence[Field]
    answer: Answer

    def results(self) -> Results[Any]:
        """Return it with what its CommandComplete says."""
        rows, fields, answer = self
        command, count = answer.command.partition(" ")[0], answer.row_count
        affected = count or 0 if command in _AFFECTING else 0
        return Results(rows, list(fields), affected, command, count)


class TypedConversation:
    """To be used by the thread that holds `lock`, which it may take more than once."""

    def __init__(self, text: Conversation, types: Types) -> None:
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
        if row_mode not in _ROW_MODES:
            raise ValueError(f"row_mode must be 'object' or 'array': {row_mode!r}")
        if type(params) not in _PARAMS:
            _check_params(params)
        text = self.text
        noticed = text.also_on_notice
        try:
            text.also_on_notice = on_notice
            types = self.types
            if parsers or serializers:
                types = types.copy(parsers, serializers)
            converted = self.run(sql, params or (), row_mode, types, tuple(param_types))
        finally:
            text.also_on_notice = noticed
        if text.notifications:
            self.notify()
        return converted.results()

    def run(
        self,
        sql: str,
        params: Sequence[Any],
        row_mode: RowMode,
        types: Types,
        param_types: tuple[int, ...] = (),
    ) -> Converted:
        """Run one statement, prepared where it comes again."""
        text, key = self.text, (sql, param_types)
        statement = text.find(key)
        if statement is None and text.is_due(key):
            statement = self._prepare(key)
        if statement is not None and len(params) == len(statement.types):
            values = params
            if types.serializers:  # the caller's code, which may query the database
                values = _serialized(statement.types, params, types)
                statement = text.find(key)
            if statement is not None:
                converted = self._repeat(key, statement, values, row_mode, types)
                if converted is not None:
                    return converted
        if params:
            answer = text.execute(sql, self._serialized(sql, params, param_types, types))
        else:
            answer = text.run(sql, param_types)
        if answer.columns or answer.command != "SELECT":
            text.statements.nominate(key, answer.command)
        return self._converted(answer, row_mode, types)

    def run_many(self, sql: str, sets: Iterable[Sequence[Any]], param_types: Sequence[int]) -> int:
        """Run one statement with each set of parameters, in one call; return the rows it counts."""
        oids, _ = self.text.prepare(sql, param_types)
        if not self.types.know(oids):
            self.look_up_types()
            oids, _ = self.text.prepare(sql, param_types)  # looking up was a statement, too
        bind, serialize, own = _messages.bind, self.types.serialize, self.types.serializers
        messages = bytearray()
        for params in sets:
            values = _serialized(oids, params, self.types) if own else params
            messages += bind(b"", oids, values, _TEXT, serialize)[: -len(_SYNC)]
        if own:  # the caller's code, which may have run statements
            self.text.prepare(sql, param_types)
        return self.text.pipeline(bytes(messages), sql)

    def run_script(self, sql: str) -> list[Converted]:
        """Run any number of statements, without parameters."""
        return [self._converted(answer, "array", self.types) for answer in self.text.simple(sql)]

    def _repeat(
        self,
        key: Key,
        statement: Statement,
        params: Sequence[Any],
        row_mode: RowMode,
        types: Types,
    ) -> Converted | None:
        """Run a prepared statement; None: it has to be run anew."""
        converters, formats = statement.converters, statement.formats
        if types.parsers:  # they read text
            converters = tuple(types.converter(field.data_type_id) for field in statement.fields)
            formats = _TEXT
        message = _messages.bind(statement.name, statement.types, params, formats, types.serialize)
        answer = self.text.repeat(key, message, statement.columns)
        if answer is None:
            return None
        names = None if row_mode == "array" else statement.names
        rows = _rows.rows(answer.runs, converters, names)
        return Converted(rows, statement.fields, answer)

    def _prepare(self, key: Key) -> Statement:
        """Prepare a statement to be used from now on."""
        statements = self.text.statements
        name, param_types, columns, closed = self.text.prepare_again(key)
        oids = [column.type for column in columns]
        if not self.types.know((*param_types, *oids)):
            self.look_up_types()
        exact = FLOAT8 not in oids or self._is_exact()
        plain = Types(texts=self.types.texts).like(self.types)
        converters: list[_rows.Converter] = []
        codes = []
        for oid in oids:
            binary = plain.binary_converter(oid, exact)
            converters.append(plain.converter(oid) if binary is None else binary)
            codes.append(int(binary is not None))
        statement = Statement(
            name,
            param_types,
            columns,
            tuple(_fields(columns)),
            tuple(keys([column.name for column in columns])),
            tuple(converters),
            wire.result_formats(codes) if any(codes) else _TEXT,
        )
        statements.add(key, statement, closed)
        return statement

    def _is_exact(self) -> bool:
        """Whether text says all of a float."""
        statements = self.text.statements
        if statements.exact is None:
            (answer,) = self.text.simple("show extra_float_digits")
            ((digits,),) = answer.rows([_rows.INTEGER])
            statements.exact = digits > 0
        return statements.exact

    def ask(self, sql: str, params: Sequence[Any] | None) -> Answer:
        """Run one statement, and leave its answer as it comes, in text."""
        _check_params(params)
        if params:
            return self.text.execute(sql, self._serialized(sql, params, (), self.types))
        return self.text.run(sql)

    def results(self, answer: Answer, row_mode: RowMode) -> Results[Any]:
        """Convert an answer's values."""
        return self._converted(answer, row_mode, self.types).results()

    def query_arrow(
        self,
        sql: str,
        params: Sequence[Any] | None,
        *,
        serializers: Mapping[int | type, Serializer] | None = None,
        on_notice: Callable[[Notice], object] | None = None,
        param_types: Sequence[int] = (),
    ) -> ArrowTable:
        from pglite_native.database import arrow  # most programs have no use for it

        _check_params(params)
        noticed, self.text.also_on_notice = self.text.also_on_notice, on_notice
        try:
            types = self.types.with_converters(None, serializers)
            values = self._serialized(sql, params, param_types, types) if params else ()
            oids, columns = self.text.prepare(sql, param_types)
            described = arrow.described(columns)
            # All are None or text by now, which needs no serializer.
            message = _messages.bind(b"", oids, values, arrow.formats(described), types.serialize)
            answer = self.text.execute_as(message, sql, columns)
            table = arrow.ArrowTable(answer.runs, described)
        finally:
            self.text.also_on_notice = noticed
        self.notify()
        return table

    def exec(
        self,
        sql: str,
        row_mode: RowMode = "object",
        *,
        parsers: Mapping[int, Parser] | None = None,
        on_notice: Callable[[Notice], object] | None = None,
    ) -> list[Results[Any]]:
        if row_mode not in _ROW_MODES:
            raise ValueError(f"row_mode must be 'object' or 'array': {row_mode!r}")
        noticed, self.text.also_on_notice = self.text.also_on_notice, on_notice
        try:
            answers = self.text.simple(sql)
            types = self.types.with_converters(parsers, None)
            results = [self._converted(answer, row_mode, types).results() for answer in answers]
        finally:
            self.text.also_on_notice = noticed
        self.notify()
        return results

    def copy_from(self, sql: str, source: copying.Readable) -> int:
        answer = self.text.copy_in(sql, copying.source(source))
        self.notify()
        return answer.row_count or 0

    def copy_to(self, sql: str, sink: Writable | io.TextIOBase) -> int:
        answer = self.text.copy_out(sql, copying.sink(sink).write)
        self.notify()
        return answer.row_count or 0

    def describe(self, sql: str, param_types: Sequence[int] = ()) -> Description:
        types, columns = self.text.prepare(sql, param_types)
        return Description(list(types), _fields(columns))

    def look_up_types(self) -> None:
        (answer,) = self.text.simple(LOOKUP)
        self.text.statements.clear()
        self.types.learn(answer.rows([_rows.TEXT] * len(answer.columns)))

    def _serialized(
        self, sql: str, params: Sequence[Any], param_types: Sequence[int], types: Types
    ) -> list[str | None]:
        """Prepare a statement, and write its parameters as it wants them."""
        oids, _ = self.text.prepare(sql, param_types)
        if not self.types.know(oids):
            types = self._looked_up(types)
            oids, _ = self.text.prepare(sql, param_types)  # looking up was a statement, too
        texts = _serialized(oids, params, types)
        if types.serializers:  # the caller's code, which may have run statements
            self.text.prepare(sql, param_types)
        return texts

    def _looked_up(self, types: Types) -> Types:
        """Look up all types; return what knows them and has converters of these."""
        self.look_up_types()
        return types.like(self.types)

    def _converted(self, answer: Answer, row_mode: str, types: Types) -> Converted:
        columns = answer.columns
        if not columns and not answer.runs:
            return Converted([], (), answer)
        fields, oids = _fields(columns), [column.type for column in columns]
        if not self.types.know(oids):
            types = self._looked_up(types)
        converters = [types.converter(oid) for oid in oids]
        names = None if row_mode == "array" else keys([column.name for column in columns])
        return Converted(answer.rows(converters, names), fields, answer)

    def notify(self) -> None:
        """Tell the listeners, in order, also of what comes while they are told."""
        if self._notifies:
            return
        self._notifies = True
        try:
            while self.text.notifications:
                _process, channel, payload = self.text.notifications.popleft()
                calls = [partial(callback, payload) for callback in self.channels.get(channel, [])]
                calls += [partial(listener, channel, payload) for listener in self.listeners]
                for call in calls:
                    try:
                        call()
                    except Exception:  # the statement has succeeded: its result must not be lost
                        logs.logger().exception("a listener on %r failed", channel)
        finally:
            self._notifies = False


def _check_params(params: object) -> None:
    if isinstance(params, str | bytes) or not isinstance(params, Sequence | None):
        advice = "; a function is callback=..." if callable(params) else ""
        raise TypeError(
            f"params must be a sequence of values, for $1, $2, ... in order: {params!r}{advice}"
        )


def _fields(columns: Iterable[wire.Column]) -> list[Field]:
    return [Field(column.name, column.type) for column in columns]


def _serialized(oids: Sequence[int], params: Sequence[Any], types: Types) -> list[str | None]:
    # Too many or too few: the server's error says it best, so all there are go to it.
    wanted = [*oids, *[0] * (len(params) - len(oids))]
    return [
        None if value is None else types.serialize(oid, value)
        for oid, value in zip(wanted, params, strict=False)
    ]

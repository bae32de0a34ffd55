/* Messages of the backend into Python rows: every value of a result, without a line of Python for each.
 *
 * A module of its own beside the one that cffi makes, as what cffi calls knows no Python objects. It keeps
 * to the limited API of Python 3.10, so one binary serves all versions from there on.
 */
#include "messages.h"

#include <float.h>

enum {
    NUMBER_SIZE = 64,    /* longer ones go the slow way */
    INTEGER_DIGITS = 18, /* that always fit into a long long */
    ESCAPE_SIZE = 4,     /* a backslash and three octal digits */
};

/* How a column's text, or what it has in binary format, becomes a value: one of these, or what Python gives. */
enum kind {
    TEXT,
    INTEGER,
    FLOAT,
    BOOLEAN,
    BYTES,
    BINARY_INTEGER, /* of 2, 4 or 8 bytes */
    BINARY_OID,
    BINARY_FLOAT, /* of 8 bytes: one of 4 is another number than its text */
    BINARY_BOOLEAN,
    BINARY_BYTES,
    KINDS,
    CALL,
};

struct column {
    enum kind kind;
    PyObject *parse;    /* borrowed; CALL: called with the text; */
    PyObject *fallback; /* and this, unless it is NULL, where the first has raised ValueError */
};

struct format {
    Py_ssize_t count;
    struct column *columns;
    PyObject *names; /* borrowed; NULL: rows are tuples, else dicts */
};

/* --- values ------------------------------------------------------------------------------- */

/* UTF-8, unless a statement chose another client_encoding. */
static PyObject *text(const char *bytes, Py_ssize_t size)
{
    return PyUnicode_DecodeUTF8(bytes, size, "backslashreplace");
}

static PyObject *call(PyObject *parse, PyObject *fallback, const char *bytes, Py_ssize_t size)
{
    PyObject *argument = text(bytes, size);
    PyObject *value = argument ? PyObject_CallFunctionObjArgs(parse, argument, NULL) : NULL;

    if (!value && argument && fallback && PyErr_ExceptionMatches(PyExc_ValueError)) {
        PyErr_Clear();
        value = PyObject_CallFunctionObjArgs(fallback, argument, NULL);
    }
    Py_XDECREF(argument);
    return value;
}

static PyObject *integer(const char *bytes, Py_ssize_t size)
{
    Py_ssize_t sign = size > 0 && bytes[0] == '-';
    long long value = 0;

    if (size - sign < 1 || size - sign > INTEGER_DIGITS)
        return call((PyObject *) &PyLong_Type, NULL, bytes, size);
    for (Py_ssize_t i = sign; i < size; i++) {
        if (bytes[i] < '0' || bytes[i] > '9')
            return call((PyObject *) &PyLong_Type, NULL, bytes, size);
        value = value * 10 + (bytes[i] - '0');
    }
    return PyLong_FromLongLong(sign ? -value : value);
}

#if LDBL_MANT_DIG == 64 /* x87 */
enum { DECIMAL_DIGITS = 19, POWER_MAX = 27, BELOW_DOUBLE = 11 /* bits */ };

/* Clinger's fast path (How to Read Floating Point Numbers Accurately, 1990) in extended precision: of up to 19
   digits and an exact power of ten, one operation makes the nearest extended number. To round that again gives
   the nearest double, unless it lies in the middle of two, where the first rounding may have put it. */
static int decimal(const char *at, const char *end, double *value)
{
    static const long double powers[POWER_MAX + 1] = {1e0L,  1e1L,  1e2L,  1e3L,  1e4L,  1e5L,
                                                      1e6L,  1e7L,  1e8L,  1e9L,  1e10L, 1e11L,
                                                      1e12L, 1e13L, 1e14L, 1e15L, 1e16L, 1e17L,
                                                      1e18L, 1e19L, 1e20L, 1e21L, 1e22L, 1e23L,
                                                      1e24L, 1e25L, 1e26L, 1e27L};
    const char *point = NULL;
    int is_negative = at < end && *at == '-';
    int digits = 0, exponent = 0;
    uint64_t number = 0, significand;
    long double extended;

    for (at += is_negative; at < end && *at != 'e'; at++) {
        if (*at == '.' && !point) {
            point = at;
        } else if (*at >= '0' && *at <= '9') {
            number = number * 10 + (uint64_t) (*at - '0');
            digits += number > 0;
            exponent -= point != NULL;
        } else {
            return 0;
        }
        if (digits > DECIMAL_DIGITS)
            return 0;
    }
    if (at < end || exponent < -POWER_MAX || number == 0)
        return 0;
    extended = (long double) number / powers[-exponent];
    memcpy(&significand, &extended, sizeof significand);
    if ((significand & ((1 << BELOW_DOUBLE) - 1)) == 1 << (BELOW_DOUBLE - 1))
        return 0;
    *value = (double) (is_negative ? -extended : extended);
    return 1;
}
#else
static int decimal(const char *at, const char *end, double *value)
{
    (void) at;
    (void) end;
    (void) value;
    return 0;
}
#endif

static PyObject *floating(const char *bytes, Py_ssize_t size)
{
    char number[NUMBER_SIZE];
    double value;

    if (decimal(bytes, bytes + size, &value))
        return PyFloat_FromDouble(value);
    if (size >= NUMBER_SIZE)
        return call((PyObject *) &PyFloat_Type, NULL, bytes, size);
    memcpy(number, bytes, (size_t) size);
    number[size] = '\0';
    value = PyOS_string_to_double(number, NULL, NULL);
    return value == -1.0 && PyErr_Occurred() ? NULL : PyFloat_FromDouble(value);
}

static int hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

static PyObject *hexadecimal(const char *bytes, Py_ssize_t size)
{
    PyObject *value = PyBytes_FromStringAndSize(NULL, size / 2 - 1);
    char *to;

    if (!value)
        return NULL;
    to = PyBytes_AsString(value);
    for (Py_ssize_t i = 2; i < size; i += 2) {
        int high = hex_digit(bytes[i]), low = hex_digit(bytes[i + 1]);

        if (high < 0 || low < 0) {
            Py_DECREF(value);
            return damaged();
        }
        *to++ = (char) (high << 4 | low);
    }
    return value;
}

/* One byte of the escape format: itself, \\ or \ooo. Returns how many characters it has, 0 for none. */
static Py_ssize_t unescape(const char *at, Py_ssize_t left, char *byte)
{
    int code = 0;

    *byte = *at;
    if (*at != '\\')
        return 1;
    if (left > 1 && at[1] == '\\')
        return 2;
    if (left < ESCAPE_SIZE)
        return 0;
    for (int i = 1; i < ESCAPE_SIZE; i++) {
        if (at[i] < '0' || at[i] > '7')
            return 0;
        code = code << 3 | (at[i] - '0');
    }
    *byte = (char) code;
    return ESCAPE_SIZE;
}

static PyObject *escaped(const char *bytes, Py_ssize_t size)
{
    Py_ssize_t count = 0, length;
    PyObject *value;
    char byte, *to;

    for (Py_ssize_t i = 0; i < size; i += length, count++) {
        length = unescape(bytes + i, size - i, &byte);
        if (length == 0)
            return damaged();
    }
    value = PyBytes_FromStringAndSize(NULL, count);
    if (!value)
        return NULL;
    to = PyBytes_AsString(value);
    for (Py_ssize_t i = 0; i < size; i += length)
        length = unescape(bytes + i, size - i, to++);
    return value;
}

/* In either form of bytea_output; only hex begins with \x. */
static PyObject *binary(const char *bytes, Py_ssize_t size)
{
    if (size >= 2 && size % 2 == 0 && bytes[0] == '\\' && bytes[1] == 'x')
        return hexadecimal(bytes, size);
    return escaped(bytes, size);
}

static PyObject *binary_integer(const unsigned char *bytes, Py_ssize_t size)
{
    switch (size) {
    case 2:
        return PyLong_FromLong((int16_t) load16(bytes));
    case 4:
        return PyLong_FromLong((int32_t) load32(bytes));
    case 8:
        return PyLong_FromLongLong((int64_t) load64(bytes));
    default:
        return damaged();
    }
}

static PyObject *binary_float(const unsigned char *bytes, Py_ssize_t size)
{
    uint64_t bits;
    double value;

    if (size != sizeof value)
        return damaged();
    bits = load64(bytes);
    memcpy(&value, &bits, sizeof value);
    return PyFloat_FromDouble(value);
}

static PyObject *convert(const struct column *column, const char *bytes, Py_ssize_t size)
{
    switch (column->kind) {
    case INTEGER:
        return integer(bytes, size);
    case FLOAT:
        return floating(bytes, size);
    case BOOLEAN:
        return PyBool_FromLong(size == 1 && bytes[0] == 't');
    case BYTES:
        return binary(bytes, size);
    case BINARY_INTEGER:
        return binary_integer((const unsigned char *) bytes, size);
    case BINARY_OID:
        return size == 4 ? PyLong_FromUnsignedLong(load32((const unsigned char *) bytes))
                         : damaged();
    case BINARY_FLOAT:
        return binary_float((const unsigned char *) bytes, size);
    case BINARY_BOOLEAN:
        return size == 1 ? PyBool_FromLong(bytes[0] != 0) : damaged();
    case BINARY_BYTES:
        return PyBytes_FromStringAndSize(bytes, size);
    case CALL:
        return call(column->parse, column->fallback, bytes, size);
    default:
        return text(bytes, size);
    }
}

/* --- rows --------------------------------------------------------------------------------- */

static PyObject *next_value(const struct column *column, struct span *row)
{
    struct span value;

    if (!take_value(row, &value))
        return damaged();
    if (!value.at) {
        Py_INCREF(Py_None);
        return Py_None;
    }
    return convert(column, (const char *) value.at, span_size(&value));
}

static int begin_row(const struct format *format, struct span *row)
{
    if (row->end - row->at < 2 || load16(row->at) != (uint32_t) format->count) {
        damaged();
        return -1;
    }
    row->at += 2;
    return 0;
}

/* Whether the cycle collector has anything to do with it. */
static int is_container(PyObject *value)
{
    return (PyType_GetFlags(Py_TYPE(value)) & Py_TPFLAGS_HAVE_GC) != 0;
}

/* A tuple without containers is in no cycle. The collector would find that out for each; a hundred thousand are a
   tenth of the time that they take to be made. */
static PyObject *tuple_row(const struct format *format, struct span row)
{
    PyObject *tuple = begin_row(format, &row) < 0 ? NULL : PyTuple_New(format->count);
    int containers = 0;

    for (Py_ssize_t i = 0; tuple && i < format->count; i++) {
        PyObject *value = next_value(&format->columns[i], &row);

        if (value)
            containers |= is_container(value);
        if (!value || PyTuple_SetItem(tuple, i, value) < 0)
            Py_CLEAR(tuple);
    }
    if (tuple && format->count > 0 && !containers)
        PyObject_GC_UnTrack(tuple);
    return tuple;
}

static PyObject *dict_row(const struct format *format, struct span row)
{
    PyObject *dict = begin_row(format, &row) < 0 ? NULL : PyDict_New();

    for (Py_ssize_t i = 0; dict && i < format->count; i++) {
        PyObject *value = next_value(&format->columns[i], &row);

        if (!value || PyDict_SetItem(dict, PyTuple_GetItem(format->names, i), value) < 0)
            Py_CLEAR(dict);
        Py_XDECREF(value);
    }
    return dict;
}

/* A converter: the number of a kind, or (parse, fallback or None). */
static int open_column(PyObject *converter, struct column *column)
{
    long kind;

    if (PyTuple_Check(converter) && PyTuple_Size(converter) == 2) {
        PyObject *fallback = PyTuple_GetItem(converter, 1);

        *column = (struct column){CALL, PyTuple_GetItem(converter, 0),
                                  fallback == Py_None ? NULL : fallback};
        return 0;
    }
    kind = PyLong_AsLong(converter);
    if (kind == -1 && PyErr_Occurred())
        return -1;
    if (kind < 0 || kind >= KINDS) {
        PyErr_SetString(PyExc_ValueError, "there is no such kind of converter");
        return -1;
    }
    *column = (struct column){(enum kind) kind, NULL, NULL};
    return 0;
}

static int open_format(PyObject *converters, PyObject *names, struct format *format)
{
    *format = (struct format){PyTuple_Size(converters), NULL, names == Py_None ? NULL : names};
    if (format->names && PyTuple_Size(names) != format->count) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_ValueError, "there are more names than converters, or fewer");
        return -1;
    }
    format->columns = PyMem_Malloc((size_t) (format->count + 1) * sizeof *format->columns);
    if (!format->columns) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t i = 0; i < format->count; i++)
        if (open_column(PyTuple_GetItem(converters, i), &format->columns[i]) < 0)
            return -1;
    return 0;
}

/* Appends the rows of one run to the list. */
static int append_rows(PyObject *list, PyObject *messages, const struct format *format)
{
    struct span input, row;

    if (open_span(messages, 0, &input) < 0)
        return -1;
    while (take_message(&input, 'D', &row)) {
        PyObject *value = format->names ? dict_row(format, row) : tuple_row(format, row);
        int status = value ? PyList_Append(list, value) : -1;

        Py_XDECREF(value);
        if (status < 0)
            return -1;
    }
    if (input.at == input.end)
        return 0;
    damaged();
    return -1;
}

PyDoc_STRVAR(rows_doc, "rows(runs, converters, names) -> list of tuples, or of dicts by names\n\n"
                       "The DataRows that the runs, a list of bytes, consist of.");

static PyObject *rows(PyObject *module, PyObject *args)
{
    PyObject *runs, *converters, *names, *list = NULL;
    struct format format = {0, NULL, NULL};

    (void) module;
    if (!PyArg_ParseTuple(args, "O!O!O:rows", &PyList_Type, &runs, &PyTuple_Type, &converters,
                          &names)
        || open_format(converters, names, &format) < 0)
        goto done;
    list = PyList_New(0);
    for (Py_ssize_t i = 0; list && i < PyList_Size(runs); i++) {
        PyObject *messages = PyList_GetItem(runs, i);

        Py_INCREF(messages); /* converters are the caller's code */
        if (append_rows(list, messages, &format) < 0)
            Py_CLEAR(list);
        Py_DECREF(messages);
    }
done:
    PyMem_Free(format.columns);
    return list;
}

/* --- runs of messages ---------------------------------------------------------------------- */

PyDoc_STRVAR(run_end_doc, "run_end(data, start) -> int\n\n"
                          "Where the run of whole messages of one kind ends that begins at start.");

static PyObject *run_end(PyObject *module, PyObject *args)
{
    PyObject *data;
    Py_ssize_t start;
    struct span input, payload;
    const unsigned char *first;

    (void) module;
    if (!PyArg_ParseTuple(args, "Sn:run_end", &data, &start) || open_span(data, start, &input) < 0)
        return NULL;
    first = input.at;
    while (first < input.end && take_message(&input, (char) *first, &payload))
        ;
    return PyLong_FromSsize_t(start + (input.at - first));
}

PyDoc_STRVAR(payloads_doc, "payloads(messages) -> bytes\n\n"
                           "What the CopyData messages carry that messages consists of.");

static PyObject *payloads(PyObject *module, PyObject *args)
{
    PyObject *messages, *joined = NULL;
    struct span input, payload;
    Py_ssize_t size = 0;

    (void) module;
    if (!PyArg_ParseTuple(args, "S:payloads", &messages))
        return NULL;
    for (int pass = 0; pass < 2; pass++) { /* how much there is, and then all of it */
        char *to = joined ? PyBytes_AsString(joined) : NULL;

        if (open_span(messages, 0, &input) < 0)
            return NULL;
        while (take_message(&input, 'd', &payload)) {
            size_t part = (size_t) (payload.end - payload.at);

            if (to) {
                memcpy(to, payload.at, part);
                to += part;
            } else {
                size += (Py_ssize_t) part;
            }
        }
        if (input.at != input.end)
            return damaged();
        if (!joined && !(joined = PyBytes_FromStringAndSize(NULL, size)))
            return NULL;
    }
    return joined;
}

/* --- the module ---------------------------------------------------------------------------- */

static int set_kinds(PyObject *module)
{
    static const char *const names[KINDS] = {"TEXT",        "INTEGER",      "FLOAT",
                                             "BOOLEAN",     "BYTES",        "BINARY_INTEGER",
                                             "BINARY_OID",  "BINARY_FLOAT", "BINARY_BOOLEAN",
                                             "BINARY_BYTES"};

    for (int kind = 0; kind < KINDS; kind++)
        if (PyModule_AddIntConstant(module, names[kind], kind) < 0)
            return -1;
    return 0;
}

static PyMethodDef functions[] = {
    {"rows", rows, METH_VARARGS, rows_doc},
    {"run_end", run_end, METH_VARARGS, run_end_doc},
    {"payloads", payloads, METH_VARARGS, payloads_doc},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, (void *) set_kinds},
    API_SLOTS_END,
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "pglite_native._rows",
    .m_doc = "Messages of the backend into Python rows: csrc/python/rows.c.",
    .m_methods = functions,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__rows(void)
{
    return PyModuleDef_Init(&definition);
}

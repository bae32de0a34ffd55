/* One round trip of a prepared statement: its parameters' values into messages, and the reply into its parts.
 *
 * What is not common is left to Python: a value of another class goes through a function of the caller's, and a
 * reply in which there is something else (an error, a notice, a notification) is not taken apart here.
 */
#include "messages.h"

#include <math.h>
#include <stdio.h>

enum {
    PARAMETERS_MAX = UINT16_MAX,
    MESSAGE_MAX = 0x3fffffff,         /* MaxAllocSize: the server takes no longer one */
    FIRST_CAPACITY = 256,             /* bytes: most messages are shorter */
    DIGITS_MAX = 24,                  /* of a long long, its sign and a NUL */
    EXACT_MAX = 53,                   /* bits of an integer that a double holds */
    EXECUTE_SIZE = HEAD_SIZE + 1 + 4, /* a portal without a name, and all its rows */
    CODE_SIZE = 2,                    /* of a format */
    TAG_MAX = 64,                     /* bytes, COMPLETION_TAG_BUFSIZE */
};

/* OIDs of pg_type.dat, of the types that have a binary format of one number. */
enum { BOOL = 16, BYTEA = 17, INT8 = 20, INT2 = 21, INT4 = 23, FLOAT8 = 701 };

/* --- bytes to be sent ---------------------------------------------------------------------- */

struct buffer {
    unsigned char *bytes;
    size_t size, capacity;
};

/* Room for some bytes, which count as written; NULL with an exception. */
static unsigned char *extend(struct buffer *buffer, size_t size)
{
    unsigned char *to;

    if (size > MESSAGE_MAX - buffer->size) {
        PyErr_SetString(PyExc_ValueError,
                        "the parameters take more than 1 GiB: send fewer or use COPY");
        return NULL;
    }
    if (size > buffer->capacity - buffer->size) {
        size_t capacity = (buffer->size + size) * 2;
        unsigned char *bytes = PyMem_Realloc(buffer->bytes, capacity);

        if (!bytes) {
            PyErr_NoMemory();
            return NULL;
        }
        buffer->bytes = bytes;
        buffer->capacity = capacity;
    }
    to = buffer->bytes + buffer->size;
    buffer->size += size;
    return to;
}

static int put(struct buffer *buffer, const void *bytes, size_t size)
{
    unsigned char *to = extend(buffer, size);

    if (!to)
        return -1;
    if (size)
        memcpy(to, bytes, size);
    return 0;
}

static void store16(unsigned char *to, uint32_t value)
{
    to[0] = (unsigned char) (value >> 8);
    to[1] = (unsigned char) value;
}

static void store32(unsigned char *to, uint32_t value)
{
    store16(to, value >> 16);
    store16(to + 2, value);
}

static int put16(struct buffer *buffer, uint32_t value)
{
    unsigned char *to = extend(buffer, 2);

    if (to)
        store16(to, value);
    return to ? 0 : -1;
}

/* A parameter: its length, and it. */
static int put_value(struct buffer *buffer, const void *bytes, size_t size)
{
    unsigned char *to = size <= MESSAGE_MAX ? extend(buffer, 4) : extend(buffer, MESSAGE_MAX);

    if (!to)
        return -1;
    store32(to, (uint32_t) size);
    return put(buffer, bytes, size);
}

/* A number of 1, 2, 4 or 8 bytes. */
static int put_number(struct buffer *buffer, uint64_t value, size_t size)
{
    unsigned char bytes[8];

    store32(bytes, (uint32_t) (value >> 32));
    store32(bytes + 4, (uint32_t) value);
    return put_value(buffer, bytes + sizeof bytes - size, size);
}

/* --- parameters ----------------------------------------------------------------------------- */

enum { FAILED = -1, AS_TEXT, AS_BINARY }; /* what became of one; else it is its format code */

static int put_string(struct buffer *buffer, PyObject *value)
{
    Py_ssize_t size;
    const char *bytes = PyUnicode_AsUTF8AndSize(value, &size);

    return bytes && put_value(buffer, bytes, (size_t) size) == 0 ? AS_TEXT : FAILED;
}

static int put_null(struct buffer *buffer)
{
    unsigned char *to = extend(buffer, 4);

    if (to)
        store32(to, (uint32_t) NULL_LENGTH);
    return to ? AS_TEXT : FAILED;
}

/* By what the caller knows of values and types. */
static int put_serialized(struct buffer *buffer, unsigned long oid, PyObject *value,
                          PyObject *serialize)
{
    PyObject *string = PyObject_CallFunction(serialize, "kO", oid, value);
    int format = FAILED;

    if (string == Py_None)
        format = put_null(buffer);
    else if (string && !PyUnicode_Check(string))
        PyErr_Format(PyExc_TypeError, "a serializer returns text or None, and not %R", string);
    else if (string)
        format = put_string(buffer, string);
    Py_XDECREF(string);
    return format;
}

static int put_double(struct buffer *buffer, double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof bits);
    return put_number(buffer, bits, sizeof bits) == 0 ? AS_BINARY : FAILED;
}

/* One that does not fit is sent as text, for the server to refuse. */
static int put_integer(struct buffer *buffer, unsigned long oid, PyObject *value)
{
    int overflow;
    long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
    char digits[DIGITS_MAX];
    PyObject *string;
    int format, size;

    if (number == -1 && PyErr_Occurred())
        return FAILED;
    if (overflow) {
        string = PyObject_Repr(value);
        format = string ? put_string(buffer, string) : FAILED;
        Py_XDECREF(string);
        return format;
    }
    if (oid == INT4 && number >= INT32_MIN && number <= INT32_MAX)
        return put_number(buffer, (uint64_t) number, 4) == 0 ? AS_BINARY : FAILED;
    if (oid == INT8)
        return put_number(buffer, (uint64_t) number, 8) == 0 ? AS_BINARY : FAILED;
    if (oid == INT2 && number >= INT16_MIN && number <= INT16_MAX)
        return put_number(buffer, (uint64_t) number, 2) == 0 ? AS_BINARY : FAILED;
    if (oid == FLOAT8 && number >= -(1LL << EXACT_MAX) && number <= 1LL << EXACT_MAX)
        return put_double(buffer, (double) number);
    size = snprintf(digits, sizeof digits, "%lld", number);
    return put_value(buffer, digits, (size_t) size) == 0 ? AS_TEXT : FAILED;
}

/* Classes are compared, so that a subclass, of which the caller may know more, goes its way. */
static int put_parameter(struct buffer *buffer, unsigned long oid, PyObject *value,
                         PyObject *serialize)
{
    PyTypeObject *type = Py_TYPE(value);

    if (value == Py_None)
        return put_null(buffer);
    if (type == &PyUnicode_Type)
        return put_string(buffer, value);
    if (type == &PyLong_Type && oid != BYTEA)
        return put_integer(buffer, oid, value);
    if (type == &PyBool_Type && oid == BOOL)
        return put_number(buffer, value == Py_True, 1) == 0 ? AS_BINARY : FAILED;
    if (type == &PyFloat_Type && oid == FLOAT8 && !isnan(PyFloat_AsDouble(value)))
        return put_double(buffer, PyFloat_AsDouble(value));
    if (type == &PyBytes_Type && oid == BYTEA)
        return put_value(buffer, PyBytes_AsString(value), (size_t) PyBytes_Size(value)) == 0
                   ? AS_BINARY
                   : FAILED;
    return put_serialized(buffer, oid, value, serialize);
}

/* Format codes of all, and all; the codes are filled in as they are known. */
static int put_parameters(struct buffer *buffer, PyObject *oids, PyObject *params,
                          PyObject *serialize)
{
    Py_ssize_t count = PyTuple_Size(params);
    size_t codes;

    if (put16(buffer, (uint32_t) count) < 0)
        return -1;
    codes = buffer->size;
    if (!extend(buffer, (size_t) count * CODE_SIZE) || put16(buffer, (uint32_t) count) < 0)
        return -1;
    for (Py_ssize_t i = 0; i < count; i++) {
        unsigned long oid = i < PyTuple_Size(oids) ? PyLong_AsUnsignedLong(PyTuple_GetItem(oids, i))
                                                   : 0;
        int format = oid == (unsigned long) -1 && PyErr_Occurred()
                         ? FAILED
                         : put_parameter(buffer, oid, PyTuple_GetItem(params, i), serialize);

        if (format == FAILED)
            return -1;
        store16(buffer->bytes + codes + (size_t) i * CODE_SIZE, (uint32_t) format);
    }
    return 0;
}

PyDoc_STRVAR(bind_doc, "bind(name, types, params, formats, serialize) -> bytes\n\n"
                       "Bind of a prepared statement, Execute and Sync. types: the parameters' "
                       "OIDs; formats: the end of\n"
                       "Bind, the result's format codes; serialize(type, value): the text of a "
                       "value that is not common,\nor None for NULL.");

static PyObject *bind(PyObject *module, PyObject *args)
{
    static const unsigned char execute_and_sync[EXECUTE_SIZE + HEAD_SIZE] = {'E', 0, 0, 0, 9,
                                                                             0,   0, 0, 0, 0,
                                                                             'S', 0, 0, 0, 4};
    PyObject *oids, *given, *serialize, *params = NULL, *message = NULL;
    const char *name, *formats;
    Py_ssize_t name_size, formats_size;
    struct buffer buffer = {NULL, 0, 0};

    (void) module;
    if (!PyArg_ParseTuple(args, "y#O!Oy#O:bind", &name, &name_size, &PyTuple_Type, &oids, &given,
                          &formats, &formats_size, &serialize))
        return NULL;
    params = PySequence_Tuple(given); /* serializers are the caller's code */
    if (!params)
        goto done;
    if (PyTuple_Size(params) > PARAMETERS_MAX) {
        PyErr_Format(PyExc_ValueError, "%zd parameters; at most %d can be sent",
                     PyTuple_Size(params), PARAMETERS_MAX);
        goto done;
    }
    buffer.bytes = PyMem_Malloc(FIRST_CAPACITY);
    if (!buffer.bytes) {
        PyErr_NoMemory();
        goto done;
    }
    buffer.capacity = FIRST_CAPACITY;
    if (put(&buffer, "B\0\0\0\0", HEAD_SIZE + 1) < 0 /* the portal has no name */
        || put(&buffer, name, (size_t) name_size) < 0 || put(&buffer, "", 1) < 0
        || put_parameters(&buffer, oids, params, serialize) < 0
        || put(&buffer, formats, (size_t) formats_size) < 0)
        goto done;
    store32(buffer.bytes + 1, (uint32_t) (buffer.size - 1));
    if (put(&buffer, execute_and_sync, sizeof execute_and_sync) == 0)
        message = PyBytes_FromStringAndSize((char *) buffer.bytes, (Py_ssize_t) buffer.size);
done:
    Py_XDECREF(params);
    PyMem_Free(buffer.bytes);
    return message;
}

/* --- replies -------------------------------------------------------------------------------- */

/* The number that a tag ends with; in "INSERT 0 5" what is before it is no part of the command either. */
static PyObject *split_tag(const struct span *tag, struct span *command)
{
    char digits[TAG_MAX];
    const unsigned char *at = tag->end;
    PyObject *count = NULL;

    *command = *tag;
    for (;;) {
        while (at > tag->at && at[-1] >= '0' && at[-1] <= '9')
            at--;
        if (at == command->end || at == tag->at || at[-1] != ' ')
            break;
        if (!count) {
            size_t size = (size_t) (tag->end - at);

            if (size >= sizeof digits)
                return damaged();
            memcpy(digits, at, size);
            digits[size] = '\0';
            count = PyLong_FromString(digits, NULL, 10);
            if (!count)
                return NULL;
        }
        command->end = --at;
    }
    if (count)
        return count;
    Py_INCREF(Py_None);
    return Py_None;
}

static PyObject *part(const struct span *span)
{
    return PyBytes_FromStringAndSize((const char *) span->at, span_size(span));
}

/* (status, command, count, columns or None, rows) */
static PyObject *whole(const struct span *status, const struct span *tag,
                       const struct span *columns, const struct span *rows)
{
    struct span command;
    PyObject *count = split_tag(tag, &command), *described, *run;

    if (!count)
        return NULL;
    if (columns->at) {
        described = part(columns);
    } else {
        described = Py_None;
        Py_INCREF(described);
    }
    run = part(rows);
    if (!described || !run) {
        Py_XDECREF(described);
        Py_XDECREF(run);
        Py_DECREF(count);
        return NULL;
    }
    return Py_BuildValue("(s#s#NNN)", (const char *) status->at, span_size(status),
                         (const char *) command.at, span_size(&command), count, described, run);
}

PyDoc_STRVAR(answer_doc, "answer(reply) -> (status, command, count, columns, rows), or None\n\n"
                         "A whole reply that says that one statement succeeded, and nothing else.\n"
                         "columns: RowDescription's payload, or None; rows: all DataRows.");

static PyObject *answer(PyObject *module, PyObject *reply)
{
    struct span input, payload, tag = {NULL, NULL}, columns = {NULL, NULL}, rows;
    const unsigned char *end;

    (void) module;
    if (open_span(reply, 0, &input) < 0)
        return NULL;
    while (take_message(&input, '1', &payload) || take_message(&input, '2', &payload)
           || take_message(&input, 'n', &payload))
        ;
    (void) take_message(&input, 'T', &columns); /* there need not be any */
    rows.at = input.at;
    while (take_message(&input, 'D', &payload))
        ;
    rows.end = input.at;
    if (!take_message(&input, 'C', &tag) || !take_message(&input, 'Z', &payload)
        || span_size(&input) != 0 || span_size(&payload) != 1)
        Py_RETURN_NONE;
    end = memchr(tag.at, '\0', (size_t) span_size(&tag));
    if (!end)
        return damaged();
    tag.end = end;
    return whole(&payload, &tag, &columns, &rows);
}

/* --- the module ---------------------------------------------------------------------------- */

static PyMethodDef functions[] = {
    {"bind", bind, METH_VARARGS, bind_doc},
    {"answer", answer, METH_O, answer_doc},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {
    API_SLOTS_END,
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "pglite_native._messages",
    .m_doc = "A round trip of a prepared statement: csrc/python/messages.c.",
    .m_methods = functions,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__messages(void)
{
    return PyModuleDef_Init(&definition);
}

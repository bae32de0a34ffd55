/* Python's rows and Arrow's tables made of a server's messages, which may be anything; and values made into messages. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>

#include "../../csrc/python/arrow_abi.h"
#include "fuzz.h"

enum { COLUMNS_MAX = 8, KINDS = 12, VALUES = 9, ARROW_KINDS = 14 };

PyMODINIT_FUNC PyInit__rows(void);
PyMODINIT_FUNC PyInit__messages(void);
PyMODINIT_FUNC PyInit__arrow(void);

static PyObject *module, *messages, *arrow, *names;
static PyObject *values[VALUES];
static PyObject *kinds[KINDS];

static PyObject *made(PyObject *object)
{
    FUZZ_CHECK(object);
    return object;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void) argc, (void) argv;
    PyImport_AppendInittab("_rows", PyInit__rows);
    PyImport_AppendInittab("_messages", PyInit__messages);
    PyImport_AppendInittab("_arrow", PyInit__arrow);
    Py_InitializeEx(0);
    module = made(PyImport_ImportModule("_rows"));
    messages = made(PyImport_ImportModule("_messages"));
    arrow = made(PyImport_ImportModule("_arrow"));
    values[0] = Py_None;
    values[1] = Py_True;
    values[2] = made(PyLong_FromLong(-1));
    values[3] = made(PyLong_FromLongLong(INT64_MAX));
    values[4] = made(PyLong_FromString("123456789012345678901234567890", NULL, 10));
    values[5] = made(PyFloat_FromDouble(0.5));
    values[6] = made(PyUnicode_FromString("\xc3\xa9t\xc3\xa9"));
    values[7] = made(PyBytes_FromStringAndSize("\0\xff", 2));
    values[8] = made(PyList_New(0));
    names = made(Py_BuildValue("(ssssssss)", "a", "b", "c", "d", "e", "f", "g", "a"));
    for (int i = 0; i < KINDS - 2; i++)
        kinds[i] = made(PyLong_FromLong(i));
    kinds[KINDS - 2] = made(Py_BuildValue("(OO)", &PyLong_Type, Py_None));
    kinds[KINDS - 1] = made(Py_BuildValue("(OO)", &PyFloat_Type, &PyUnicode_Type));
    return 0;
}

static PyObject *rows(struct input *input)
{
    Py_ssize_t count = input_byte(input) % (COLUMNS_MAX + 1);
    bool by_name = input_byte(input) & 1;
    PyObject *converters = made(PyTuple_New(count)), *run, *result;

    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *kind = kinds[input_byte(input) % KINDS];

        Py_INCREF(kind);
        PyTuple_SetItem(converters, i, kind);
    }
    run = made(PyBytes_FromStringAndSize((const char *) input->at, (Py_ssize_t) input_left(input)));
    if (by_name) {
        PyObject *some = made(PyTuple_GetSlice(names, 0, count));

        result = PyObject_CallMethod(module, "rows", "[O]OO", run, converters, some);
        Py_DECREF(some);
    } else {
        result = PyObject_CallMethod(module, "rows", "[O]OO", run, converters, Py_None);
    }
    Py_DECREF(run);
    Py_DECREF(converters);
    return result;
}

static PyObject *runs(struct input *input)
{
    Py_ssize_t start = (Py_ssize_t) input_number(input, 2) - 16;
    Py_ssize_t size = (Py_ssize_t) input_left(input);
    PyObject *bytes = made(PyBytes_FromStringAndSize((const char *) input->at, size));
    PyObject *end = PyObject_CallMethod(module, "run_end", "On", bytes, start);

    if (end)
        FUZZ_CHECK(PyLong_AsSsize_t(end) >= start && PyLong_AsSsize_t(end) <= size);
    Py_DECREF(bytes);
    return end;
}

static PyObject *payloads(struct input *input)
{
    Py_ssize_t size = (Py_ssize_t) input_left(input);
    PyObject *bytes = made(PyBytes_FromStringAndSize((const char *) input->at, size));
    PyObject *joined = PyObject_CallMethod(module, "payloads", "O", bytes);

    if (joined)
        FUZZ_CHECK(PyBytes_Size(joined) <= size);
    Py_DECREF(bytes);
    return joined;
}

static PyObject *rest(struct input *input)
{
    return made(
        PyBytes_FromStringAndSize((const char *) input->at, (Py_ssize_t) input_left(input)));
}

static PyObject *answer(struct input *input)
{
    PyObject *bytes = rest(input);
    PyObject *parts = PyObject_CallMethod(messages, "answer", "O", bytes);

    if (parts && parts != Py_None)
        FUZZ_CHECK(PyBytes_Size(PyTuple_GetItem(parts, 4)) <= PyBytes_Size(bytes));
    Py_DECREF(bytes);
    return parts;
}

/* The serializer is "{}{}".format. */
static PyObject *bind(struct input *input)
{
    static const int oids[] = {0, 16, 17, 20, 21, 23, 25, 701};
    Py_ssize_t count = input_byte(input);
    PyObject *params = made(PyTuple_New(count)), *types = made(PyTuple_New(count));
    PyObject *form = made(PyUnicode_FromString("{}{}")), *method, *formats = rest(input), *message;

    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *value = values[input_byte(input) % VALUES];

        Py_INCREF(value);
        PyTuple_SetItem(params, i, value);
        PyTuple_SetItem(types, i, made(PyLong_FromLong(oids[input_byte(input) % 8])));
    }
    method = made(PyObject_GetAttrString(form, "format"));
    message = PyObject_CallMethod(messages, "bind", "yOOOO", "name", types, params, formats,
                                  method);
    if (message)
        FUZZ_CHECK(PyBytes_Size(message) > 20 + 4 * count);
    Py_DECREF(method);
    Py_DECREF(formats);
    Py_DECREF(form);
    Py_DECREF(params);
    Py_DECREF(types);
    return message;
}

/* All that a column says there is can be read. */
static unsigned read_column(const struct ArrowArray *array, const char *format)
{
    static const struct {
        char format;
        size_t size;
    } sizes[] = {{'s', 2}, {'i', 4}, {'l', 8}, {'I', 4}, {'f', 4}, {'g', 8}, {'t', 4}, {'d', 16}};
    size_t rows = (size_t) array->length, nulls = 0;
    const uint8_t *validity = array->buffers[0], *bytes = array->buffers[1];
    const int32_t *offsets = array->buffers[1];
    unsigned sum = 0;

    for (size_t i = 0; i < rows; i++)
        nulls += validity && !(validity[i / 8] >> i % 8 & 1);
    FUZZ_CHECK(nulls == (size_t) array->null_count && array->offset == 0 && !array->dictionary);
    if (*format == 'u' || *format == 'z') {
        FUZZ_CHECK(offsets[0] == 0);
        for (size_t i = 0; i < rows; i++)
            FUZZ_CHECK(offsets[i] <= offsets[i + 1]);
        bytes = array->buffers[2];
        for (int32_t i = 0; i < offsets[rows]; i++)
            sum += bytes[i];
    } else if (*format == 'b') {
        for (size_t i = 0; i < (rows + 7) / 8; i++)
            sum += bytes[i];
    } else {
        size_t size = 0;

        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
            if (sizes[i].format == *format)
                size = sizes[i].size;
        for (size_t i = 0; i < rows * size; i++)
            sum += bytes[i];
    }
    return sum;
}

static void read_table(PyObject *table, int64_t expected)
{
    PyObject *capsule = made(PyObject_CallMethod(table, "__arrow_c_stream__", NULL));
    struct ArrowArrayStream *stream = PyCapsule_GetPointer(capsule, "arrow_array_stream");
    struct ArrowSchema schema;
    struct ArrowArray array;
    unsigned sum = 0;

    FUZZ_CHECK(stream->get_schema(stream, &schema) == 0);
    while (stream->get_next(stream, &array) == 0 && array.release) {
        FUZZ_CHECK(array.n_children == schema.n_children);
        for (int64_t i = 0; i < array.n_children; i++) {
            FUZZ_CHECK(array.children[i]->length == array.length);
            sum += read_column(array.children[i], schema.children[i]->format);
        }
        expected -= array.length;
        array.release(&array);
    }
    FUZZ_CHECK(expected == 0);
    schema.release(&schema);
    (void) sum;
    Py_DECREF(capsule);
}

static PyObject *table(struct input *input)
{
    Py_ssize_t count = input_byte(input) % (COLUMNS_MAX + 1);
    PyObject *columns = made(PyTuple_New(count)), *run, *result;

    for (Py_ssize_t i = 0; i < count; i++) {
        int kind = input_byte(input) % ARROW_KINDS, precision = 1 + input_byte(input) % 38;
        int scale = input_byte(input) % (precision + 1);

        PyTuple_SetItem(columns, i, made(Py_BuildValue("(siii)", "c", kind, precision, scale)));
    }
    run = rest(input);
    result = PyObject_CallMethod(arrow, "ArrowTable", "[OO]O", run, run, columns);
    if (result) {
        PyObject *number = made(PyObject_GetAttrString(result, "num_rows"));

        read_table(result, PyLong_AsLongLong(number));
        Py_DECREF(number);
    }
    Py_DECREF(run);
    Py_DECREF(columns);
    return result;
}

/* A ValueError or OverflowError, and nothing else, says that a message is damaged. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct input input = {bytes, bytes + size};
    PyObject *(*const functions[])(struct input *) = {rows,   runs, payloads, rows,
                                                      answer, bind, table,    table};
    PyObject *result = functions[input_byte(&input) % 8](&input);

    if (!result)
        FUZZ_CHECK(PyErr_ExceptionMatches(PyExc_ValueError));
    PyErr_Clear();
    Py_XDECREF(result);
    return 0;
}

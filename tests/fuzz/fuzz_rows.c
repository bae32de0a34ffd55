/* Rows of Python's made of a server's messages, which may be anything. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>

#include "fuzz.h"

enum { COLUMNS_MAX = 8, KINDS = 7 };

PyMODINIT_FUNC PyInit__rows(void);

static PyObject *module, *names;
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
    Py_InitializeEx(0);
    module = made(PyImport_ImportModule("_rows"));
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

/* A ValueError or OverflowError, and nothing else, says that a message is damaged. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct input input = {bytes, bytes + size};
    PyObject *(*const functions[])(struct input *) = {rows, runs, payloads, rows};
    PyObject *result = functions[input_byte(&input) % 4](&input);

    if (!result)
        FUZZ_CHECK(PyErr_ExceptionMatches(PyExc_ValueError));
    PyErr_Clear();
    Py_XDECREF(result);
    return 0;
}

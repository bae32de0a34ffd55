/* Ends of `with` blocks, and finalizers, that no interrupt can take away.
 *
 * CPython looks at its signals as a function of Python's begins. So what a handler raises, Ctrl-C's KeyboardInterrupt
 * above all, may leave an `__exit__` or a `__del__` in Python before its first line: what it should end stays. These
 * are functions of C, which call a method of Python's until it has come to its end. That method must be one that
 * can be called again.
 */
#define Py_LIMITED_API 0x030A0000
#include <Python.h>

enum { ATTEMPTS_MAX = 4 }; /* each but the last was interrupted, or has failed for good */

/* The exception that came first stays, and is what the later attempts are told of. */
static int leave(PyObject *self, PyObject *kind)
{
    PyObject *type = NULL, *value = NULL, *traceback = NULL, *result = NULL;

    for (int attempt = 0; attempt < ATTEMPTS_MAX && !result; attempt++) {
        result = PyObject_CallMethod(self, "_leave", "O", type ? type : kind);
        if (result)
            break;
        if (type)
            PyErr_Clear();
        else
            PyErr_Fetch(&type, &value, &traceback);
    }
    Py_XDECREF(result);
    if (!type)
        return 0;
    PyErr_Restore(type, value, traceback);
    return -1;
}

static PyObject *enter(PyObject *self, PyObject *none)
{
    (void) none;
    Py_INCREF(self);
    return self;
}

static PyObject *leave_block(PyObject *self, PyObject *arguments)
{
    PyObject *kind = PyTuple_Size(arguments) > 0 ? PyTuple_GetItem(arguments, 0) : Py_None;

    if (leave(self, kind) < 0)
        return NULL;
    Py_RETURN_NONE;
}

/* Nothing can be raised here: so Ctrl-C comes once more. */
static void finalize(PyObject *self)
{
    PyObject *type, *value, *traceback;

    PyErr_Fetch(&type, &value, &traceback);
    if (leave(self, Py_None) < 0) {
        if (PyErr_ExceptionMatches(PyExc_KeyboardInterrupt)) {
            PyErr_Clear();
            PyErr_SetInterrupt();
        } else {
            PyErr_WriteUnraisable(self);
        }
    }
    PyErr_Restore(type, value, traceback);
}

PyDoc_STRVAR(closing_doc, "What a `with` block ends: `_leave` is called with the exception's class, or None.");
PyDoc_STRVAR(dropping_doc, "The same, and it is ended when it is dropped.");

static PyMethodDef methods[] = {
    {"__enter__", enter, METH_NOARGS, "Return itself."},
    {"__exit__", leave_block, METH_VARARGS, "End it."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot closing_slots[] = {
    {Py_tp_doc, (void *) closing_doc},
    {Py_tp_methods, methods},
    {0, NULL},
};

static PyType_Slot dropping_slots[] = {
    {Py_tp_doc, (void *) dropping_doc},
    {Py_tp_methods, methods},
    {Py_tp_finalize, (void *) finalize},
    {0, NULL},
};

static PyType_Spec types[] = {
    {"pglite_native._closing.Closing", sizeof(PyObject), 0,
     Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, closing_slots},
    {"pglite_native._closing.Dropping", sizeof(PyObject), 0,
     Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, dropping_slots},
};

static int add_types(PyObject *module)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        PyObject *type = PyType_FromModuleAndSpec(module, &types[i], NULL);
        int status = type ? PyModule_AddType(module, (PyTypeObject *) type) : -1;

        Py_XDECREF(type);
        if (status < 0)
            return -1;
    }
    return 0;
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, (void *) add_types},
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "pglite_native._closing",
    .m_doc = "Ends that no interrupt can take away: csrc/python/closing.c.",
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__closing(void)
{
    return PyModuleDef_Init(&definition);
}

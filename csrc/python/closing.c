/* Ends of `with` blocks, and finalizers, that no interrupt can take away.
 *
 * CPython looks at its signals as a function of Python's begins. So what a handler raises, Ctrl-C's KeyboardInterrupt
 * above all, may leave an `__exit__` or a `__del__` in Python before its first line: what it should end stays. These
 * are functions of C, which call a method of Python's until it has come to its end. That method must be one that
 * can be called again.
 */
#include "api.h"

#include <stddef.h>
#include <structmember.h>

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

/* --- owners of variables of C's ------------------------------------------------------------- */

struct owner {
    PyObject ob_base;
    PyObject *variable; /* cffi's, in which the address is */
    void *address;
    void (*drop)(void *address);
};

static PyObject *own(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    allocfunc allocate = (allocfunc) PyType_GetSlot(type, Py_tp_alloc);
    PyObject *variable;
    Py_ssize_t address, drop;
    struct owner *owner;

    (void) keywords;
    if (!PyArg_ParseTuple(arguments, "Onn", &variable, &address, &drop))
        return NULL;
    owner = (struct owner *) allocate(type, 0);
    if (!owner)
        return NULL;
    Py_INCREF(variable);
    owner->variable = variable;
    owner->address = (void *) address;
    owner->drop = (void (*)(void *)) drop;
    return (PyObject *) owner;
}

/* Not a finalizer, as what cffi's gc() makes: those of a cycle run in any order, and others may still use it then. */
static void disown(PyObject *self)
{
    struct owner *owner = (struct owner *) self;
    PyTypeObject *type = Py_TYPE(self);
    freefunc release = (freefunc) PyType_GetSlot(type, Py_tp_free);

    if (owner->drop) {
        Py_BEGIN_ALLOW_THREADS owner->drop(owner->address);
        Py_END_ALLOW_THREADS
    }
    Py_XDECREF(owner->variable);
    release(self);
    Py_DECREF(type);
}

PyDoc_STRVAR(owner_doc, "Owner(variable, address, drop): as it goes, drop(address) is called.");

static PyMemberDef owner_members[] = {
    {"variable", T_OBJECT_EX, offsetof(struct owner, variable), READONLY, "cffi's."},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot owner_slots[] = {
    {Py_tp_doc, (void *) owner_doc},
    {Py_tp_new, (void *) own},
    {Py_tp_dealloc, (void *) disown},
    {Py_tp_members, owner_members},
    {0, NULL},
};

/* --- the module ---------------------------------------------------------------------------- */

PyDoc_STRVAR(closing_doc,
             "What a `with` block ends: `_leave` is called with the exception's class, or None.");
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
    {"pglite_native._closing.Owner", sizeof(struct owner), 0, Py_TPFLAGS_DEFAULT, owner_slots},
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
    API_SLOTS_END,
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

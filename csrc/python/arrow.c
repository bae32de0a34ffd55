/* placeholder */
#define Py_LIMITED_API 0x030A0000
#include <Python.h>
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, .m_name = "pglite_native._arrow"};
PyMODINIT_FUNC PyInit__arrow(void) { return PyModuleDef_Init(&definition); }

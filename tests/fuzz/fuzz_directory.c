/* The same as fuzz_imports, with a directory of the host's mounted at /h. */
#define MOUNTS_DIRECTORY 1
#include "fuzz_imports.c"

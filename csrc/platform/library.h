/* Shared objects, loaded for as long as the process lives. */
#ifndef PGN_PLATFORM_LIBRARY_H
#define PGN_PLATFORM_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

struct library {
    const void *symbol;
    const unsigned char *code; /* its machine code, all of it */
    size_t code_size;
};

/* Loads the shared object at path and finds its datum `symbol`. */
enum status library_open(const char *path, const char *symbol, struct library *library,
                         struct error *error);

#endif

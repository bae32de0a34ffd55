/* argv: a growing list of borrowed strings, and its copy in a guest. */
#ifndef PGN_ENGINE_ARGUMENTS_H
#define PGN_ENGINE_ARGUMENTS_H

#include "guest/guest.h"

struct arguments {
    uint32_t count, capacity;
    const char **strings;
};

bool arguments_add(struct arguments *arguments, const char *string); /* false: no memory */
void arguments_close(struct arguments *arguments);

/* The address of a NULL-terminated vector in one allocation of the guest's malloc; 0: no memory. */
uint32_t arguments_write(const struct arguments *arguments, struct guest *guest);

#endif

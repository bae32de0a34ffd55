/* What is said where there is no memory. */
#include "engine/instance/limits.h"

enum status no_memory_for(struct error *error, const char *what)
{
    return error_set(error, STATUS_NO_MEMORY,
                     "no memory for %s: close engines or sessions, or drop snapshots", what);
}

/* What is said where there is no memory. */
#include "engine/instance/limits.h"

#include "base/errno.h"

enum status no_memory_for(struct error *error, const char *what)
{
    return error_set(error, STATUS_NO_MEMORY,
                     "no memory for %s: close engines or sessions, or drop snapshots", what);
}

enum status no_memory_file_for(struct error *error, const char *what, int result)
{
    if (result == -GE_NOMEM || result == -GE_MFILE || result == -GE_NFILE)
        return no_memory_for(error, what);
    return error_set(error, STATUS_NO_MEMORY,
                     "no file in memory for %s (%s): the system refuses memfd_create, and /dev/shm "
                     "cannot be written to;"
                     " set TMPDIR to a folder that can",
                     what, errno_text(-result));
}

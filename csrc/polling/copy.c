/* Copying a file, which a host that holds it in memory does without moving its bytes. */
#include "wrapped.h"

/* Makes `to` a copy of `from`, permissions included, that shares what the two have in common. Negative:
 * minus errno, and there is no copy; the host may well have no way to make one. */
GUEST_IMPORT(pglite_host_clone_file)
int pglite_host_clone_file(const char *from, const char *to);

void __real_copy_file(const char *from, const char *to);

void __wrap_copy_file(const char *from, const char *to)
{
    /* The original gives every copy the permissions of files in the data directory, which are those of
     * `from`. Whatever else has been in the way, it meets too, and raises PostgreSQL's error for it. */
    if (pglite_host_clone_file(from, to) < 0)
        __real_copy_file(from, to);
}

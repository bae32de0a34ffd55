/* The lock on a data directory: against another engine in this process or any other, and against a
 * native PostgreSQL.
 *
 * Two advisory locks: of the directory itself, which is there as long as there is anything to protect, and of LOCK_FILE
 * in it, for file systems on which directories cannot be locked. They go with the open files, so the system takes them
 * back when the holder dies, and two engines in one process exclude each other too. A child of fork has to close
 * its own.
 */
#ifndef PGN_PLATFORM_DIRECTORY_LOCK_H
#define PGN_PLATFORM_DIRECTORY_LOCK_H

#include <stdbool.h>

#include "base/status.h"

/* Files of ours in a data directory begin so; the guest does not see them. */
#define LOCK_PREFIX ".pglite-native."
#define LOCK_FILE LOCK_PREFIX "lock"

struct lock {
    int directory, file; /* open descriptors, or -1 */
};

#define LOCK_NONE ((struct lock) {.directory = -1, .file = -1})

/* directory is an open descriptor; path names it in messages. guest_pid is the process number that
   our guests write to postmaster.pid: there it names no process, the lock itself says who lives.
   STATUS_LOCKED names the holder's process. */
enum status lock_open(int directory, const char *path, int guest_pid, struct lock *lock,
                      struct error *error);

bool lock_is_held(const struct lock *lock);

/* Idempotent. */
void lock_close(struct lock *lock);

#endif

/* The lock on a data directory: against another engine in this process or any other, and against a
 * native PostgreSQL.
 *
 * An advisory lock of the whole of LOCK_FILE in the directory. It goes with the open file, so the
 * system takes it back when the holder dies, and two engines in one process exclude each other too.
 * The file itself stays: removing it would let a third opener lock another file of the same name.
 */
#ifndef PGN_PLATFORM_LOCK_H
#define PGN_PLATFORM_LOCK_H

#include "base/status.h"

/* Files of ours in a data directory begin so; the guest does not see them. */
#define LOCK_PREFIX ".pglite-native."
#define LOCK_FILE LOCK_PREFIX "lock"

struct lock {
    int fd;
};

/* directory is an open descriptor; path names it in messages. guest_pid is the process number that
   our guests write to postmaster.pid: there it stands for nobody, the lock itself says who lives.
   STATUS_LOCKED names the holder's process. */
enum status lock_open(int directory, const char *path, int guest_pid, struct lock *lock,
                      struct error *error);

void lock_close(struct lock *lock);

#endif

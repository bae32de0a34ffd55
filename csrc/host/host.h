/* The host: what the guest's imports find. One file a subsystem; a handler decodes its arguments,
 * calls one subsystem below (vfs, platform, guest), and encodes the result.
 *
 * Two channels that never mix: the guest's errors (a result: negative errno from __syscall_*, a
 * positive one from WASI calls), and outcomes (no result: the guest unwinds).
 */
#ifndef PGN_HOST_HOST_H
#define PGN_HOST_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "guest/guest.h"
#include "vfs/vfs.h"

enum host_wait_reason { HOST_WAIT_INPUT = 1, HOST_WAIT_OUTPUT = 2 };

enum { HOST_COMMAND_MAX = 8192 }; /* bytes with the NUL */
enum { HOST_TIMERS = 3 };         /* ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF */

/* What only the engine can answer. Called on the guest's stack. */
struct host_upcalls {
    /* The handshake needs the other side: *result is 0 go on, 1 closed. May suspend for long. The outcome is
       that of the handlers of signals that have come. */
    enum guest_outcome (*wait)(void *engine, enum host_wait_reason reason, int *result);
    /* The callback transport: *result is bytes moved, or negative errno. Pointers are into guest memory. */
    enum guest_outcome (*receive)(void *engine, void *bytes, size_t size, int64_t *result);
    int64_t (*send)(void *engine, const void *bytes, size_t size);
    /* Sleeps until the system's monotonic time given, or shorter when there is a reason to look around (a
       wake, a signal, a cancel, a close): *woken then. The outcome is that of signal handlers. */
    enum guest_outcome (*sleep_until)(void *engine, int64_t monotonic_ns, bool *woken);
    /* Runs a command to its end, with the redirections written in it; input and output are files
       for its descriptors 0 and 1, or NULL. The wait status, or negative errno. */
    int (*run)(void *engine, const char *command, const char *input, const char *output);
    /* Sends another process a signal: 0, or negative errno. */
    int (*signal)(void *engine, int32_t process, int signal);
    /* Ends a process's wait, or keeps it from beginning: 0, or negative errno. */
    int (*wake)(void *engine, int32_t process);
    /* There is WAL that a process other than the one that calls is to write, within that time. */
    void (*need_wal_writer)(void *engine, int32_t milliseconds);
    /* Keeps a copy of the guest as it is now; shared: the address of its list of shared memory. Not
       every process is kept. */
    enum guest_outcome (*keep_template)(void *engine, struct guest *guest, uint32_t shared,
                                        bool *kept);
    /* Syncs a file by its descriptor on the host: *result is 0, or negative errno. May suspend for long, as
       wait. NULL: files_sync is all there is to do. */
    enum guest_outcome (*sync)(void *engine, int host_fd, bool data_only, int *result);
};

/* State that changes as SQL runs and belongs to an image: in the arena, no pointers. */
struct host_state {
    int64_t timer_deadline_ns[HOST_TIMERS]; /* on the guest's monotonic clock, 0: off */
    uint32_t environment_count;
    uint32_t environment_bytes; /* of all "NAME=value\0" strings */
    arena_offset environment;   /* those strings, back to back */
    arena_offset command; /* popen(3)'s, of HOST_COMMAND_MAX bytes, while it is being written to */
    int32_t command_status; /* of the last popen(3)'s command */
};

struct host {
    struct guest *guest;
    struct vfs *vfs;
    struct arena *arena;
    arena_offset state; /* struct host_state */
    const struct host_upcalls *upcalls;
    void *engine;
};

static inline struct host_state *host_state(const struct host *host)
{
    return arena_at(host->arena, host->state);
}

/* Every import the host serves, by subsystem file, and what it lends. */
extern const struct guest_import_table host_import_table;

/* A fresh host over a fresh arena and VFS. environment: NULL-terminated "NAME=value" strings.
   guest, upcalls and engine are the caller's to set: here they become NULL. */
enum status host_open(struct host *host, struct arena *arena, struct vfs *vfs,
                      const char *const *environment, struct error *error);

/* Over an arena and a VFS that were attached: the state of the host_open of their image. */
enum status host_attach(struct host *host, struct arena *arena, struct vfs *vfs,
                        struct error *error);

/* For another process of the same files: the environment is the other's, timers are its own. False: no
   memory. */
bool host_share(struct host *host, const struct host *other);
void host_unshare(struct host *host); /* NULL arena is fine */

/* Tells a guest of its system, popen and pclose. Once the guest's constructors have run. */
enum guest_outcome host_install_subprocess(struct host *host);

/* Safe point: fires the timers that are due; calls into the guest. For guest_set_poll. */
enum guest_outcome host_fire_timers(struct host *host);

/* Sleeps until the given time of the guest's monotonic clock: 0; -GE_INTR when a timer's signal was handled or the engine
   wants attention first. Its outcome is that of the signal's handler. */
enum guest_outcome host_sleep_until(struct host *host, int64_t deadline_ns, int *result);

/* Would host_fire_timers fire one? */
bool host_timer_is_due(const struct host *host);

/* When host_fire_timers has something to do next; INT64_MAX: no timer is armed. */
int64_t host_timer_deadline_ns(const struct host *host);

#endif

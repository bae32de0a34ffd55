/* The process the guest believes to be: leaving it, its signals, its user. */
#include <stdio.h>

#include "host/abi.h"
#include "host/imports.h"

enum { ASSERT_TEXT_MAX = 512, ASSERT_MESSAGE_MAX = 2048 };

/* Nothing is torn down here: PostgreSQL is called again after the exit(99) of its main function
   (upstream's noExitRuntime). Who wants atexit functions and fflush calls those exports. */
enum guest_outcome process_exit(struct guest_call *call)
{
    guest_set_exit_code(call->guest, arg_i32(call, 0));
    return GUEST_EXITED;
}

enum guest_outcome process_abort(struct guest_call *call)
{
    return guest_set_trap(call->guest, "the guest called abort()");
}

static const char *text(const struct guest_call *call, unsigned n)
{
    const char *text = guest_string(call->guest, arg_u32(call, n), ASSERT_TEXT_MAX);

    return text ? text : "?";
}

/* __assert_fail(condition, file, line, function): the sentence goes where the guest's log goes. */
enum guest_outcome process_assert_fail(struct guest_call *call)
{
    char message[ASSERT_MESSAGE_MAX];
    int length = snprintf(message, sizeof message, "Assertion failed: %s (%s: %s: %d)\n",
                          text(call, 0), text(call, 1), text(call, 3), (int) arg_i32(call, 2));

    if (length > 0)
        (void) vfs_write(vfs_of(call), 2, message, (size_t) length); /* trapping says enough */
    return guest_set_trap(call->guest, "an assertion failed in the guest; its log says which");
}

enum guest_outcome process_call_sighandler(struct guest_call *call)
{
    const uint64_t args[] = {arg_u32(call, 1)};

    return guest_invoke_table(call->guest, arg_u32(call, 0), 'v', "i", args, NULL);
}

/* Drops the reasons for which a web page would outlive main. There are none here: whether the
   instance lives on is the engine's decision. */
enum guest_outcome process_keepalive_clear(struct guest_call *call)
{
    (void) call;
    return GUEST_RETURNED;
}

/* Users and groups, real and effective: the one that owns the files. PostgreSQL, which refuses to
   be root, does not ask here but PGlite's own pgl_getuid. */
enum guest_outcome process_identity(struct guest_call *call)
{
    return return_i32(call, VFS_UID);
}

/* pglite_host_signal(process, signal): kill(2), for a process other than the one that calls. */
enum guest_outcome process_signal(struct guest_call *call)
{
    struct host *host = host_of(call);

    return return_i32(call,
                      host->upcalls->signal(host->engine, arg_i32(call, 0), arg_i32(call, 1)));
}

/* pglite_host_wake(process): what futex(2) wakes, by the process's number. One that has gone needs no waking. */
enum guest_outcome process_wake(struct guest_call *call)
{
    struct host *host = host_of(call);

    (void) host->upcalls->wake(host->engine, arg_i32(call, 0));
    return GUEST_RETURNED;
}

/* pglite_host_keep_template(what is shared): the process is as others are to begin. */
enum guest_outcome process_keep_template(struct guest_call *call)
{
    struct host *host = host_of(call);

    bool kept;
    enum guest_outcome outcome = host->upcalls->keep_template(host->engine, call->guest,
                                                              arg_u32(call, 0), &kept);

    return outcome == GUEST_RETURNED ? return_i32(call, kept) : outcome;
}

/* pglite_host_need_wal_writer(milliseconds): in a server there always is one. */
enum guest_outcome process_need_wal_writer(struct guest_call *call)
{
    struct host *host = host_of(call);

    host->upcalls->need_wal_writer(host->engine, arg_i32(call, 0));
    return GUEST_RETURNED;
}

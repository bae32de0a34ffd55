/* From a pristine instance to an open session. On the coroutine. */
#include "engine/session/boot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/cluster/cluster.h"
#include "engine/cluster/data_directory.h"
#include "engine/instance/limits.h"
#include "engine/instance/program.h"
#include "engine/instance/quota.h"
#include "engine/session/initdb.h"
#include "engine/session/main_loop.h"
#include "engine/session/sessions.h"
#include "engine/session/startup.h"
#include "engine/session/transport.h"
#include "platform/clock.h"

enum { STDOUT = 1 };

/* What PGlite starts PostgreSQL with, and what its defaults would claim though it is not there: first what
   a caller's settings may change, and after them what they may not, as there are no other processes to
   wait for. */
/* clang-format off */
static const char *const default_arguments[] = {
    "/pglite/bin/postgres", "--single", "-j",
    "-c", "log_checkpoints=false",
    "-c", "max_parallel_workers_per_gather=0",
    "-c", "max_parallel_maintenance_workers=0",
    "-c", "max_connections=256",
    "-c", "huge_pages=off",
    "-c", "jit=off",
    "-c", "listen_addresses=",
};

/* No fsync of what is in memory. A replication slot, which has no reader here, must not keep WAL without limit: that would
   take all memory, as WAL is not refused by memory_limit. */
static const char *const memory_arguments[] = {
    "-F",
    "-c", "max_slot_wal_keep_size=64MB",
};

static const char *const required_arguments[] = {
    "-c", "exit_on_error=false",
    "-c", "max_worker_processes=0",
    "-c", "max_parallel_workers=0",
    "-c", "io_method=sync",
    "-c", "io_max_concurrency=4", /* one at a time is made; 64 take 6 MB, and a fork's second session copies them */
    "-c", "min_dynamic_shared_memory=64MB", /* there before sessions are, which all share it */
    "-D", ENGINE_DATA_DIR,
};
/* clang-format on */

static bool add_all(struct arguments *arguments, const char *const *strings, size_t count)
{
    bool complete = true;

    for (size_t i = 0; i < count; i++)
        complete = complete && arguments_add(arguments, strings[i]);
    return complete;
}

static bool collect_arguments(const pgn_session *session, struct arguments *arguments)
{
    const pgn_options *options = session->cluster->options;
    bool complete = add_all(arguments, default_arguments,
                            sizeof default_arguments / sizeof *default_arguments);

    if (!options->data_dir)
        complete = complete
                   && add_all(arguments, memory_arguments,
                              sizeof memory_arguments / sizeof *memory_arguments);
    for (size_t i = 0; options->settings && options->settings[i]; i++)
        complete = complete && arguments_add(arguments, "-c")
                   && arguments_add(arguments, options->settings[i]);
    return complete
           && add_all(arguments, required_arguments,
                      sizeof required_arguments / sizeof *required_arguments)
           && arguments_add(arguments, options->database);
}

static bool fail_boot(pgn_session *session, const char *step)
{
    char tail[LOG_TAIL_SIZE];
    const char *trap = guest_trap(session->instance.guest);

    log_tail(&session->cluster->log, tail);
    session->lacks_memory |= !session->cluster->log.ring && !trap; /* even for its log */
    session_set_state(session, SESSION_ENDED);
    session->cluster->never_started = true;
    error_set(&session->failure, session->lacks_memory ? STATUS_NO_MEMORY : STATUS_BOOT,
              "PostgreSQL did not start (%s): %s%s%s", step,
              trap                    ? trap
              : session->lacks_memory ? "out of memory"
                                      : "",
              trap ? "\n" : "", tail);
    return false;
}

/* A stand-alone backend greets its user on stdout, and prompts: ours has none. */
static bool silence_stdout(struct vfs *vfs)
{
    int null = vfs_openat(vfs, VFS_AT_CWD, "/dev/null", VFS_O_WRONLY, 0);
    bool done = null >= 0 && vfs_dup_to(vfs, null, STDOUT) == STDOUT;

    if (null >= 0)
        vfs_close_fd(vfs, null);
    return done;
}

/* main() leaves its frame behind on purpose: the backend's outermost sigjmp_buf is in it. So the
   stack pointer is not restored after this exit. */
static bool start_backend(pgn_session *session)
{
    const struct engine_exports *exports = &session->cluster->runtime->exports;
    struct arguments arguments = {0, 0, NULL};
    uint64_t active = 1;
    enum guest_outcome outcome;

    if (!silence_stdout(session->cluster->vfs))
        return fail_boot(session, "/dev/null");
    if (session_call(session, exports->set_active, &active, NULL))
        return fail_boot(session, "pgl_setPGliteActive");
    session->lacks_memory = !collect_arguments(session, &arguments);
    outcome = session->lacks_memory
                  ? guest_set_trap(session->instance.guest, "no memory for its arguments")
                  : program_main(&session->instance.host, &arguments, NULL);
    arguments_close(&arguments);
    if (outcome != GUEST_EXITED || guest_exit_code(session->instance.guest) != EXIT_ALIVE)
        return fail_boot(session, "main");
    if (session_call(session, exports->start, NULL, NULL))
        return fail_boot(session, "pgl_startPGlite");
    return true;
}

/* The engine's own login. The greeting is dropped: a client that wants it sends a packet of its own.
   A Sync follows it, as PGlite reports the session's parameters once more with the next ReadyForQuery. */
static bool log_in(pgn_session *session)
{
    static const uint8_t sync[] = {'S', 0, 0, 0, 4};
    const pgn_options *options = session->cluster->options;
    uint8_t packet[STARTUP_MAX + sizeof sync];
    size_t size = startup_packet(options->user, options->database, packet);
    bool done;

    if (size == 0)
        return fail_boot(session, "user and database names are too long");
    memcpy(packet + size, sync, sizeof sync);
    session->input = packet;
    session->input_size = size + sizeof sync;
    session->discarding = true;
    done = session_serve(session);
    transport_drain(session);
    session->discarding = false;
    session->input_size = 0;
    return done || fail_boot(session, "startup packet");
}

/* What PostgreSQL says of a directory in the place of a file, that its scanner has failed, helps little. */
static bool check_configuration(pgn_session *session)
{
    static const char *const names[] = {"postgresql.conf", "postgresql.auto.conf"};
    const char *data_dir = session->cluster->options->data_dir;
    char path[VFS_PATH_MAX];
    struct vfs_stat stat;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", ENGINE_DATA_DIR, names[i]);
        if (vfs_statat(session->cluster->vfs, VFS_AT_CWD, path, 0, &stat) < 0
            || (stat.mode & VFS_S_IFMT) != VFS_S_IFDIR)
            continue;
        error_set(
            &session->failure, STATUS_INVALID,
            "%s/%s is a directory, where PostgreSQL reads its settings: remove it, or move it "
            "away",
            data_dir ? data_dir : ENGINE_DATA_DIR, names[i]);
        session_set_state(session, SESSION_ENDED);
        return false;
    }
    return true;
}

static bool make_cluster(pgn_session *session)
{
    struct error ignored;

    if (!session->cluster->options->initdb_arguments)
        return true;
    if (!engine_initdb(session))
        return false;
    if (data_dir_complete(session->cluster, &session->failure)) {
        session_set_state(session, SESSION_ENDED);
        return false;
    }
    session->lacks_memory = !session->cluster->options->data_dir
                            && quota_exempt_bookkeeping(session->cluster->vfs, &ignored);
    return !session->lacks_memory || fail_boot(session, "its files");
}

bool engine_boot(pgn_session *session)
{
    int64_t started_ns = platform_monotonic_ns();

    if (!make_cluster(session) || !check_configuration(session))
        return false;
    session_watch_stack(session, session->instance.guest);
    if (program_start(&session->instance.host))
        return fail_boot(session, "the module's constructors");
    if (!transport_open(session) || !start_backend(session))
        return false;
    session->statistics.boot_ns = platform_monotonic_ns() - started_ns;
    started_ns = platform_monotonic_ns();
    if (!log_in(session))
        return false;
    session->statistics.session_ns = platform_monotonic_ns() - started_ns;
    return session_keep_template(session);
}

/* Sessions: more of them in a cluster, each an instance of its own. */
#include "engine/session/sessions.h"

#include <stdlib.h>

#include "engine/cluster/postmaster.h"
#include "engine/instance/limits.h"
#include "engine/session/attend.h"
#include "engine/session/boot.h"
#include "engine/session/call.h"
#include "engine/session/mapping.h"
#include "engine/session/main_loop.h"
#include "engine/session/run.h"
#include "engine/session/startup.h"
#include "engine/session/sync.h"
#include "engine/session/transport.h"

pgn_session *session_new(struct cluster *cluster, bool is_auxiliary)
{
    pgn_session *session = calloc(1, sizeof *session);

    if (!session)
        return NULL;
    session->cluster = cluster;
    session->is_auxiliary = session->inside = session->attended = is_auxiliary;
    session->output_limit = SIZE_MAX;
    session->condition = condition_open();
    if (!session->condition) {
        free(session);
        return NULL;
    }
    session->claim.condition = session->condition;
    monitor_enter(cluster->monitor);
    session->suspended = cluster->is_held && !is_auxiliary;
    session->process = ++cluster->last_process;
    session->next = cluster->sessions;
    cluster->sessions = session;
    if (!cluster->first)
        cluster->first = cluster->running = session;
    monitor_leave(cluster->monitor);
    return session;
}

/* The last one takes the cluster along. */
void session_free(pgn_session *session)
{
    struct cluster *cluster = session->cluster;
    pgn_session **place = &cluster->sessions;
    bool is_last;

    monitor_enter(cluster->monitor);
    postmaster_forget(session);
    while (session->pinned)
        condition_wait(session->condition, cluster->monitor, INT64_MAX);
    while (*place != session)
        place = &(*place)->next;
    *place = session->next;
    is_last = !cluster->sessions;
    monitor_leave(cluster->monitor);
    condition_close(session->condition);
    free(session->output);
    free(session);
    if (is_last)
        cluster_close(cluster);
}

/* --- the template ------------------------------------------------------------------------- */

bool session_keep_template(pgn_session *session)
{
    struct cluster *cluster = session->cluster;

    if (!session_settle(session,
                        session_call(session, cluster->runtime->exports.keep_backend, NULL, NULL),
                        "pglite_keep_backend"))
        return false;
    if (!vfs_keep_descriptors(cluster->vfs, VFS_KEPT_SESSION)) {
        session_set_state(session, SESSION_ENDED);
        no_memory_for(&session->failure, "in-memory files");
        return false;
    }
    cluster->used = false;
    return true;
}

/* initdb's postgres comes by here too, and is no cluster's. */
enum guest_outcome session_keep_process(void *context, struct guest *guest, uint32_t shared,
                                        bool *kept)
{
    pgn_session *session = context;
    struct cluster *cluster = session->cluster;
    struct error error;

    *kept = guest == session->instance.guest;
    if (!*kept)
        return GUEST_RETURNED;
    if (!shared_read(cluster, guest, shared))
        return guest_set_trap(guest, "its list of shared memory makes no sense");
    image_release(cluster->template_process);
    cluster->template_process = NULL;
    if (!vfs_keep_descriptors(cluster->vfs, VFS_KEPT_PROCESS)
        || session_write_process(session, &cluster->template_process, &error)) {
        session->lacks_memory = true;
        return guest_set_trap(guest, "no memory for a copy of its process");
    }
    return GUEST_RETURNED;
}

/* --- opening ------------------------------------------------------------------------------ */

/* Private memory around the shared memory of now, and what runs in it. host and descriptors are there. */
static enum status map_memory(pgn_session *session, const pgn_image *private_memory,
                              struct error *error)
{
    struct cluster *cluster = session->cluster;
    struct instance *instance = &session->instance;
    struct reservation range = {0};
    enum status status = instance_open_empty(instance, cluster->runtime, &range, error);

    if (!status)
        status = shared_map(cluster, instance, private_memory, error);
    if (!status)
        status = instance_attach(instance, &private_memory->header, &engine_upcalls, session,
                                 error);
    if (status)
        return status;
    guest_set_poll(session->instance.guest, session_poll);
    session_set_state(session, SESSION_IDLE);
    return session_renew_coroutine(session) ? STATUS_OK : no_memory_for(error, "a session");
}

static enum status map_template(pgn_session *session, const pgn_image *private_memory,
                                enum vfs_kept descriptors, struct error *error)
{
    struct cluster *cluster = session->cluster;

    session->descriptors = vfs_copy_kept_descriptors(cluster->vfs, descriptors);
    if (!session->descriptors
        || !host_share(&session->instance.host, &cluster->first->instance.host))
        return no_memory_for(error, "a session");
    session->needs_reseeding = true;
    if (cluster->has_reloaded) /* since the template was made */
        atomic_fetch_or(&session->signals, UINT32_C(1) << SIGHUP_OF_GUEST);
    return map_memory(session, private_memory, error);
}

enum status session_map_copy(pgn_session *session, const pgn_session *other,
                             const pgn_image *private_memory, struct error *error)
{
    const struct cluster *cluster = session->cluster;

    session->process = other->process;
    session->descriptors = other->descriptors;
    session->instance.host = (struct host){.vfs = cluster->vfs,
                                           .arena = (struct arena *) &cluster->arena,
                                           .state = other->instance.host.state};
    return map_memory(session, private_memory, error);
}

static bool become_backend(pgn_session *session)
{
    return session_call_as_process(session, session->cluster->runtime->exports.become_backend,
                                   "pglite_become_backend");
}

/* PGlite reports the session's parameters once more with the next ReadyForQuery: one that the client does not get
   to see. It gets none with the answer to its startup packet. */
static bool drop_second_report(pgn_session *session)
{
    static const uint8_t sync[] = {'S', 0, 0, 0, 4};
    bool goes_on;

    if (!session_settle(session,
                        session_call(session, session->cluster->runtime->exports.flush, NULL, NULL),
                        "pgl_pq_flush"))
        return false;
    transport_drain(session);
    session->input = sync;
    session->input_size = sizeof sync;
    session->discarding = true;
    goes_on = session_serve(session);
    transport_drain(session);
    session->discarding = false;
    return goes_on;
}

/* The startup packet is the input. Its answer stays, for the next call. */
static bool begin_backend(pgn_session *session)
{
    const pgn_address *address = session->address;
    uint64_t args[] = {(uint32_t) session->process, address ? (uint32_t) address->version : 0,
                       address ? (uint32_t) address->port : 0, address ? address->high : 0,
                       address ? address->low : 0};
    enum guest_outcome outcome;

    session->discarding = false;
    transport_fill(session);
    outcome = session_call(session, session->cluster->runtime->exports.begin_backend, args, NULL);
    if (outcome == GUEST_EXITED && guest_exit_code(session->instance.guest) == EXIT_ALIVE)
        return drop_second_report(session);
    return session_settle(session, outcome == GUEST_RETURNED ? GUEST_EXITED : outcome,
                          "pglite_begin_backend");
}

/* By a copy of the first session, if that is what is wanted. */
static enum status begin_copy(pgn_session *session, struct error *error)
{
    enum status status = map_template(session, session->cluster->template_session, VFS_KEPT_SESSION,
                                      error);

    return status ? status : session_do(session, become_backend, error);
}

/* By PostgreSQL's own login. A refusal is the session's last words, and no error. */
static enum status begin_process(pgn_session *session, const uint8_t *packet, size_t size,
                                 struct error *error)
{
    enum status status = map_template(session, session->cluster->template_process, VFS_KEPT_PROCESS,
                                      error);

    if (status)
        return status;
    session->needs_reseeding =
        false; /* there is nothing yet that it could have in common with others */
    session->input = packet;
    session->input_size = size;
    status = session_do(session, begin_backend, error);
    session->input = NULL;
    session->input_size = 0;
    return session->state == SESSION_ENDED && session->output_size > 0 ? STATUS_OK : status;
}

enum status session_begin(pgn_session *session, const uint8_t *packet, size_t size,
                          const pgn_address *address, struct error *error)
{
    struct cluster *cluster = session->cluster;
    uint8_t own_packet[STARTUP_MAX];
    enum status status = call_check_alive(cluster->first, true, error);

    cluster_set_latest(cluster, NULL);
    if (!status)
        status = shared_publish(cluster, error);
    if (status)
        return status;
    monitor_enter(cluster->monitor);
    attend_at_rest(cluster->first); /* whose timers others can tell from now on */
    monitor_leave(cluster->monitor);
    if (!packet && cluster->template_session)
        return begin_copy(session, error);
    if (!cluster->template_process)
        return error_set(error, STATUS_INVALID,
                         "the cluster has no process to begin sessions from");
    if (packet) {
        session->address = address;
        status = begin_process(session, packet, size, error);
        session->address = NULL;
        return status;
    }
    size = startup_packet(cluster->user, cluster->database, own_packet);
    status = begin_process(session, own_packet, size, error);
    session->output_size = 0; /* who sends no packet gets no answer to it */
    return status ? status : call_check_alive(session, false, error);
}

/* What it has of the cluster's files, and its instance. With the baton. */
static void give_back(pgn_session *session)
{
    struct cluster *cluster = session->cluster;

    session_end_errand(session);
    if (cluster->running == session)
        cluster_switch_to(cluster->first);
    if (session->descriptors)
        vfs_drop_descriptors(cluster->vfs, session->descriptors);
    session->descriptors = 0;
    host_unshare(&session->instance.host);
    session_close_instance(session);
}

pgn_session *session_begin_auxiliary(struct cluster *cluster, bool (*task)(pgn_session *session),
                                     int32_t task_argument, struct error *error)
{
    pgn_session *session;
    bool is_mapped;

    if (!cluster->template_process)
        return NULL;
    monitor_leave(cluster->monitor);
    session = session_new(cluster, true);
    is_mapped = session && !shared_publish(cluster, error)
                && !map_template(session, cluster->template_process, VFS_KEPT_PROCESS, error);
    monitor_enter(cluster->monitor);
    if (!session)
        return NULL;
    session->needs_reseeding = false;
    session->discarding = true;
    session->task = task;
    session->task_argument = task_argument;
    if (is_mapped)
        return session;
    session_discard(session);
    return NULL;
}

void session_discard(pgn_session *session)
{
    struct cluster *cluster = session->cluster;

    monitor_leave(cluster->monitor);
    give_back(session);
    session_free(session);
    monitor_enter(cluster->monitor);
}

/* --- ending ------------------------------------------------------------------------------- */

/* It waits inside a message: it reads the end of its input, and comes to rest or exits. */
static void hang_up(pgn_session *session)
{
    session->hanging_up = session->discarding = true;
    session_run(session);
    transport_drain(session);
    session->hanging_up = session->discarding = false;
}

/* Its call is between two steps, and no thread will come back for the next: what is left of it runs cancelled. */
static void give_up_call(pgn_session *session)
{
    session->input_size = 0; /* which the caller need not keep any longer */
    if (call_is_unfinished(session))
        call_end(session);
    atomic_store(&session->stop_ns, 0);
    atomic_store(&session->closing, false); /* what is left to do may have to wait */
}

/* As when a client is gone: what its backend was in the middle of is rolled back. */
static void end_backend(pgn_session *session)
{
    struct error ignored;

    if (session->state == SESSION_WANTS_INPUT)
        hang_up(session);
    if (session->state == SESSION_ENDED && !session_renew_coroutine(session))
        return;
    if (session->state == SESSION_ENDED)
        session_set_state(session, SESSION_IDLE);
    if (session->state == SESSION_IDLE)
        session_do(session, session_leave, &ignored);
}

void session_end(pgn_session *session)
{
    struct cluster *cluster = session->cluster;

    baton_acquire(cluster, &session->claim);
    if (session->instance.coroutine && !cluster->failed) {
        give_up_call(session);
        end_backend(session);
    }
    give_back(session);
    baton_release(cluster);
}

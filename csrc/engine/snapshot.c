/* Snapshots: an idle engine written down, and brought back to what was written. */
#include "engine/api.h"
#include "engine/engine.h"
#include "engine/housekeeping.h"
#include "engine/image.h"

enum status snapshot_check_quiet(const pgn_session *session, bool may_have_ended,
                                 struct error *error)
{
    enum status status = api_check_free(session, may_have_ended, error);

    if (!status && session->state == SESSION_WANTS_INPUT)
        status = error_set(error, STATUS_SNAPSHOT,
                           "the engine is in the middle of a message or of COPY: finish it first");
    return status;
}

static enum status check_data(const pgn_session *session, bool may_have_ended, struct error *error)
{
    if (session->cluster->data_dir_lock.fd >= 0)
        return error_set(error, STATUS_SNAPSHOT,
                         "the engine's files are in a data directory, which no snapshot can hold: "
                         "copy_to_memory() gives an engine whose files it can");
    return snapshot_check_quiet(session, may_have_ended, error);
}

/* One of the sessions held, in the copy: there it ends at once. */
static enum status disconnect_in(struct cluster *copy, pgn_session *other, struct error *error)
{
    pgn_image *private_memory;
    pgn_session *session;
    enum status status = instance_write_process(other, &private_memory, error);

    if (status)
        return status;
    session = session_new(copy, false);
    if (!session) {
        image_release(private_memory);
        return error_set(error, STATUS_NO_MEMORY, "no memory for a snapshot: close engines");
    }
    status = session_map_copy(session, other, private_memory, error);
    pgn_free(session);
    image_release(private_memory);
    return status;
}

static enum status disconnect_others_in(pgn_session *copy, struct cluster *cluster,
                                        struct error *error)
{
    enum status status = STATUS_OK;

    cluster_switch_to(cluster->first);
    api_enter(copy, NULL);
    status = shared_publish(copy->cluster, error);
    api_leave(copy);
    for (pgn_session *other = cluster->sessions; other && !status; other = other->next)
        if (is_held(other) && other->state == SESSION_IDLE)
            status = disconnect_in(copy->cluster, other, error);
    return status;
}

/* Other sessions end as if their clients had gone: in a copy, which is what is kept. */
static enum status write_disconnected(pgn_session *session, pgn_image **image, struct error *error)
{
    struct cluster *cluster = session->cluster;
    pgn_options options = {.memory_limit = 0};
    pgn_error failure = {0};
    pgn_session *copy;
    enum status status = instance_write(session, &options.image, error);

    if (status)
        return status;
    status = (enum status) pgn_open(cluster->runtime, &options, &copy, &failure);
    image_release(options.image);
    if (status)
        return error_set(error, status, "%s", failure.message);
    status = disconnect_others_in(copy, cluster, error);
    if (!status)
        status = instance_write(copy, image, error);
    pgn_free(copy);
    return status;
}

static bool any_is_held(const struct cluster *cluster)
{
    const pgn_session *session = cluster->sessions;

    while (session && !is_held(session))
        session = session->next;
    return session != NULL;
}

static enum status write(pgn_session *session, pgn_image **image, struct error *error)
{
    struct cluster *cluster = session->cluster;
    enum status status = hold_others(cluster, error);

    if (status)
        return status;
    status = any_is_held(cluster) ? write_disconnected(session, image, error)
                                  : instance_write(session, image, error);
    release_others(cluster);
    return status;
}

static enum status snapshot(pgn_session *session, pgn_image **image, struct error *error)
{
    enum status status = check_data(session, false, error);

    if (!status && !session->cluster->latest)
        status = write(session, &session->cluster->latest, error);
    if (!status)
        *image = image_retain(session->cluster->latest);
    return status;
}

int pgn_snapshot(pgn_session *session, pgn_image **image, pgn_error *pgn_error)
{
    struct error error;
    int status = api_enter(session, pgn_error);

    if (status)
        return status;
    status = snapshot(session, image, &error);
    api_leave(session);
    return status ? api_error(pgn_error, &error) : STATUS_OK;
}

/* An engine whose session has ended has a new one then. */
static enum status restore(pgn_session *session, pgn_image *image, struct error *error)
{
    enum status status = check_data(session, true, error);

    if (status)
        return status;
    if (!image_is_of(image, session->cluster->runtime))
        return error_set(
            error, STATUS_IMAGE,
            "the snapshot is of another guest: extensions were added or removed since");
    if (session->state == SESSION_ENDED && !instance_renew_coroutine(session))
        return error_set(error, STATUS_NO_MEMORY, "no address space for the engine's stack");
    housekeeping_interrupt(session->cluster);
    status = instance_map(session, image, error);
    if (status) { /* half of the old is gone */
        session_set_state(session, SESSION_POISONED);
        session->failure = *error;
        session->failure.status = STATUS_POISONED;
        return status;
    }
    return STATUS_OK;
}

/* Other sessions are then as after a disconnect. */
int pgn_restore(pgn_session *session, pgn_image *image, pgn_error *pgn_error)
{
    struct error error;
    int status = api_refuse_cluster(session->cluster, pgn_error);

    if (status)
        return status;
    api_close_others(session->cluster);
    status = api_enter(session, pgn_error);

    if (status)
        return status;
    status = restore(session, image, &error);
    api_leave(session);
    return status ? api_error(pgn_error, &error) : STATUS_OK;
}

/* Snapshots: an idle engine written down, and brought back to what was written. */
#include "engine/api/engine.h"
#include "engine/api/gate.h"
#include "engine/instance/limits.h"
#include "engine/session/call.h"
#include "engine/session/hold.h"
#include "engine/session/housekeeping.h"
#include "engine/session/mapping.h"
#include "engine/session/sessions.h"

static enum status check_data(pgn_session *session, bool may_have_ended, struct error *error)
{
    if (lock_is_held(&session->cluster->data_dir_lock))
        return error_set(error, STATUS_SNAPSHOT,
                         "the engine's files are in a data directory, which no snapshot can hold: "
                         "copy_to_memory() gives an engine whose files it can");
    return call_check_quiet(session, may_have_ended, error);
}

/* One of the sessions held, in the copy: there it ends at once. */
static enum status disconnect_in(struct cluster *copy, pgn_session *other, struct error *error)
{
    pgn_image *private_memory;
    pgn_session *session;
    enum status status = session_write_process(other, &private_memory, error);

    if (status)
        return status;
    session = session_new(copy, false);
    if (!session) {
        image_release(private_memory);
        return no_memory_for(error, "a snapshot");
    }
    status = session_map_copy(session, other, private_memory, error);
    pgn_free(session);
    image_release(private_memory);
    return status;
}

static enum status publish(pgn_session *copy, void *argument, struct error *error)
{
    (void) argument;
    return shared_publish(copy->cluster, error);
}

static enum status disconnect_others_in(pgn_session *copy, struct cluster *cluster,
                                        struct error *error)
{
    enum status status;

    cluster_switch_to(cluster->first);
    status = gate_run(copy, NULL, publish, NULL, error);
    for (pgn_session *other = NULL; !status && (other = next_held(cluster, other));)
        if (other->state == SESSION_IDLE)
            status = disconnect_in(copy->cluster, other, error);
    return status;
}

/* Other sessions end as if their clients had gone: in a copy, which is what is kept. */
static enum status write_disconnected(pgn_session *session, pgn_image **image, struct error *error)
{
    struct cluster *cluster = session->cluster;
    pgn_options options = {.memory_limit = 0};
    pgn_session *copy;
    enum status status = session_write_image(session, &options.image, error);

    if (status)
        return status;
    status = engine_open(cluster->runtime, &options, &copy, error);
    image_release(options.image);
    if (status)
        return status;
    status = disconnect_others_in(copy, cluster, error);
    if (!status)
        status = session_write_image(copy, image, error);
    pgn_free(copy);
    return status;
}

static enum status write(pgn_session *session, pgn_image **image, struct error *error)
{
    struct cluster *cluster = session->cluster;
    enum status status = hold_others(cluster, error);

    if (status)
        return status;
    status = next_held(cluster, NULL) ? write_disconnected(session, image, error)
                                      : session_write_image(session, image, error);
    if (!status)
        cluster_set_latest(cluster, *image);
    release_others(cluster); /* which may change what the image has */
    return status;
}

/* Checks. */
static enum status can_be_written(pgn_session *session, void *argument, struct error *error)
{
    (void) argument;
    return check_data(session, false, error);
}

static enum status can_be_replaced(pgn_session *session, void *argument, struct error *error)
{
    const pgn_image *image = argument;
    enum status status = check_data(session, true, error);

    if (!status && !image_is_of(image, session->cluster->runtime))
        status =
            error_set(error, STATUS_IMAGE,
                      "the snapshot is of another guest: extensions were added or removed since");
    return status;
}

static enum status snapshot(pgn_session *session, void *argument, struct error *error)
{
    struct cluster *cluster = session->cluster;
    pgn_image **image = argument;

    if (!cluster->latest)
        return write(session, image, error);
    *image = image_retain(cluster->latest);
    return STATUS_OK;
}

int pgn_snapshot(pgn_session *session, pgn_image **image, pgn_error *error)
{
    return api_run(session, can_be_written, snapshot, image, error);
}

static enum status keep_others_out(pgn_session *session, void *argument, struct error *error)
{
    (void) argument;
    return hold_new(session->cluster, error);
}

/* An engine whose session has ended has a new one then. */
static enum status restore(pgn_session *session, void *argument, struct error *error)
{
    pgn_image *image = argument;
    enum status status;

    if (session->state == SESSION_ENDED && !session_renew_coroutine(session))
        return error_set(error, STATUS_NO_MEMORY, "no address space for the engine's stack");
    cluster_switch_to(session); /* the image has it so */
    status = session_map_image(session, image, error);
    if (status) { /* half of the old is gone */
        session_set_state(session, SESSION_POISONED);
        session->failure = *error;
        session->failure.status = STATUS_POISONED;
        return status;
    }
    return STATUS_OK;
}

/* Other sessions are then as after a disconnect. Closing them takes the baton, which the gate has: so there are two
   steps, and between them sessions that are being opened wait, and nothing keeps house. */
int pgn_restore(pgn_session *session, pgn_image *image, pgn_error *pgn_error)
{
    struct cluster *cluster = session->cluster;
    struct error error;
    enum status status = gate_check_cluster(cluster, &error);

    if (!status)
        status = gate_run(session, can_be_replaced, keep_others_out, image, &error);
    if (status)
        return api_error(pgn_error, &error);
    engine_close_others(cluster);
    status = gate_run(session, can_be_replaced, restore, image, &error);
    release_new(cluster);
    return status ? api_error(pgn_error, &error) : STATUS_OK;
}

/* Snapshots: an idle engine written down, and brought back to what was written. */
#include "engine/api.h"
#include "engine/engine.h"
#include "engine/image.h"

enum status snapshot_check_quiet(const pgn_session *session, bool may_have_ended, struct error *error)
{
    enum status status = api_check_free(session, may_have_ended, error);

    if (!status && session->state == SESSION_WANTS_INPUT)
        status = error_set(error, STATUS_SNAPSHOT,
                           "the engine is in the middle of a message or of COPY: finish it first");
    return status;
}

static enum status check_data(const pgn_session *session, bool may_have_ended, struct error *error)
{
    if (cluster_has_others(session->cluster))
        return error_set(error, STATUS_SNAPSHOT,
                         "the engine has open sessions, which no snapshot can hold: close them");
    if (session->cluster->data_dir_lock.fd >= 0)
        return error_set(error, STATUS_SNAPSHOT,
                         "the engine's files are in a data directory, which no snapshot can hold: "
                         "copy_to_memory() gives an engine whose files it can");
    return snapshot_check_quiet(session, may_have_ended, error);
}

static enum status snapshot(pgn_session *session, pgn_image **image, struct error *error)
{
    enum status status = check_data(session, false, error);

    if (!status && !session->cluster->latest)
        status = instance_write(session, &session->cluster->latest, error);
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
    status = instance_map(session, image, error);
    if (status) { /* half of the old is gone */
        session->state = SESSION_POISONED;
        session->failure = *error;
        session->failure.status = STATUS_POISONED;
        return status;
    }
    return STATUS_OK;
}

int pgn_restore(pgn_session *session, pgn_image *image, pgn_error *pgn_error)
{
    struct error error;
    int status = api_enter(session, pgn_error);

    if (status)
        return status;
    status = restore(session, image, &error);
    api_leave(session);
    return status ? api_error(pgn_error, &error) : STATUS_OK;
}

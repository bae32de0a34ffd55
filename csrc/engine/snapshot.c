/* Snapshots: an idle engine written down, and brought back to what was written. */
#include "engine/api.h"
#include "engine/engine.h"
#include "engine/image.h"

enum status snapshot_check_quiet(const pgn_engine *engine, bool may_have_ended, struct error *error)
{
    enum status status = api_check_free(engine, may_have_ended, error);

    if (!status && engine->state == ENGINE_WANTS_INPUT)
        status = error_set(error, STATUS_SNAPSHOT,
                           "the engine is in the middle of a message or of COPY: finish it first");
    return status;
}

static enum status check_data(const pgn_engine *engine, bool may_have_ended, struct error *error)
{
    if (backends_are_open(engine))
        return error_set(error, STATUS_SNAPSHOT,
                         "the engine has open sessions, which no snapshot can hold: close them");
    if (engine->data_dir_lock.fd >= 0)
        return error_set(error, STATUS_SNAPSHOT,
                         "the engine's files are in a data directory, which no snapshot can hold: "
                         "copy_to_memory() gives an engine whose files it can");
    return snapshot_check_quiet(engine, may_have_ended, error);
}

static enum status snapshot(pgn_engine *engine, pgn_image **image, struct error *error)
{
    enum status status = check_data(engine, false, error);

    if (!status && !engine->latest)
        status = instance_write(engine, &engine->latest, error);
    if (!status)
        *image = image_retain(engine->latest);
    return status;
}

int pgn_snapshot(pgn_engine *engine, pgn_image **image, pgn_error *pgn_error)
{
    struct error error;
    int status = api_enter(engine, pgn_error);

    if (status)
        return status;
    status = snapshot(engine, image, &error);
    api_leave(engine);
    return status ? api_error(pgn_error, &error) : STATUS_OK;
}

/* An engine whose session has ended has a new one then. */
static enum status restore(pgn_engine *engine, pgn_image *image, struct error *error)
{
    enum status status = check_data(engine, true, error);

    if (status)
        return status;
    if (!image_is_of(image, engine->runtime))
        return error_set(
            error, STATUS_IMAGE,
            "the snapshot is of another guest: extensions were added or removed since");
    if (engine->state == ENGINE_ENDED && !instance_renew_coroutine(engine))
        return error_set(error, STATUS_NO_MEMORY, "no address space for the engine's stack");
    backends_forget(engine);
    status = instance_map(engine, image, error);
    if (status) { /* half of the old is gone */
        engine->state = ENGINE_POISONED;
        engine->failure = *error;
        engine->failure.status = STATUS_POISONED;
        return status;
    }
    return STATUS_OK;
}

int pgn_restore(pgn_engine *engine, pgn_image *image, pgn_error *pgn_error)
{
    struct error error;
    int status = api_enter(engine, pgn_error);

    if (status)
        return status;
    status = restore(engine, image, &error);
    api_leave(engine);
    return status ? api_error(pgn_error, &error) : STATUS_OK;
}

/* The C interface to a data directory's files, one after the other: out, and in. */
#include "engine/api/gate.h"
#include "engine/cluster/cluster.h"
#include "engine/session/dump.h"
#include "engine/session/load.h"

struct bytes {
    uint8_t *to;
    const uint8_t *from;
    size_t size;
    size_t *count;
};

/* --- out ---------------------------------------------------------------------------------- */

static enum status check_dumping(pgn_session *session, void *argument, struct error *error)
{
    (void) argument;
    return session->cluster->dump ? STATUS_OK
                                  : error_set(error, STATUS_INVALID, "no dump has begun");
}

static enum status begin_dump(pgn_session *session, void *argument, struct error *error)
{
    (void) argument;
    return dump_begin(session, error);
}

static enum status next_file(pgn_session *session, void *argument, struct error *error)
{
    return dump_next(session, argument, error);
}

static enum status read_bytes(pgn_session *session, void *argument, struct error *error)
{
    const struct bytes *bytes = argument;

    return dump_read(session, bytes->to, bytes->size, bytes->count, error);
}

static enum status end_dump(pgn_session *session, void *argument, struct error *error)
{
    (void) argument;
    (void) error;
    dump_close(session);
    return STATUS_OK;
}

int pgn_dump_begin(pgn_session *session, pgn_error *error)
{
    return api_run(session, gate_is_quiet, begin_dump, NULL, error);
}

int pgn_dump_next(pgn_session *session, pgn_file *file, pgn_error *error)
{
    return api_run(session, check_dumping, next_file, file, error);
}

int pgn_dump_read(pgn_session *session, uint8_t *to, size_t size, size_t *count, pgn_error *error)
{
    struct bytes bytes = {.to = to, .size = size, .count = count};

    return api_run(session, check_dumping, read_bytes, &bytes, error);
}

int pgn_dump_end(pgn_session *session, pgn_error *error)
{
    return api_run(session, NULL, end_dump, NULL, error);
}

/* --- in ----------------------------------------------------------------------------------- */

static enum status check_loading(pgn_session *session, void *argument, struct error *error)
{
    (void) argument;
    return session->cluster->loading
               ? STATUS_OK
               : error_set(error, STATUS_INVALID, "the engine is not one that is being loaded");
}

static enum status make_directory(pgn_session *session, void *argument, struct error *error)
{
    return load_directory(session, argument, error);
}

static enum status make_file(pgn_session *session, void *argument, struct error *error)
{
    return load_file(session, argument, error);
}

static enum status write_bytes(pgn_session *session, void *argument, struct error *error)
{
    const struct bytes *bytes = argument;

    return load_bytes(session, bytes->from, bytes->size, error);
}

static enum status end_load(pgn_session *session, void *argument, struct error *error)
{
    enum status status = load_end(session, error);

    (void) argument;
    session->cluster->options = NULL;
    return status;
}

int pgn_load_directory(pgn_session *session, const char *path, pgn_error *error)
{
    return api_run(session, check_loading, make_directory, (void *) path, error);
}

int pgn_load_file(pgn_session *session, const char *path, pgn_error *error)
{
    return api_run(session, check_loading, make_file, (void *) path, error);
}

int pgn_load_bytes(pgn_session *session, const uint8_t *from, size_t size, pgn_error *error)
{
    struct bytes bytes = {.from = from, .size = size};

    return api_run(session, check_loading, write_bytes, &bytes, error);
}

int pgn_load_end(pgn_session *session, pgn_error *error)
{
    return api_run(session, check_loading, end_load, NULL, error);
}

/* The C interface to a cluster's sessions, beyond the first. */
#include "engine/api/gate.h"
#include "engine/cluster/cluster.h"
#include "engine/instance/limits.h"
#include "engine/session/mapping.h"
#include "engine/session/run.h"
#include "engine/session/sessions.h"

struct packet {
    const uint8_t *bytes; /* NULL: there is none */
    size_t size;
    const pgn_address *address;
};

static enum status begin(pgn_session *session, void *argument, struct error *error)
{
    const struct packet *packet = argument;

    return session_begin(session, packet->bytes, packet->size, packet->address, error);
}

static enum status open_session(struct cluster *cluster, struct packet *packet,
                                pgn_session **opened, struct error *error)
{
    enum status status = gate_check_cluster(cluster, error);
    pgn_session *session;

    if (status)
        return status;
    session = session_new(cluster, false);
    if (!session)
        return no_memory_for(error, "a session");
    status = gate_run(session, NULL, begin, packet, error);
    if (status)
        pgn_free(session);
    else
        *opened = session;
    return status;
}

int pgn_session_open(pgn_session *sibling, const uint8_t *packet, size_t size,
                     const pgn_address *address, pgn_session **opened, pgn_error *pgn_error)
{
    struct packet given = {.bytes = packet, .size = size, .address = address};
    struct error error;

    return open_session(sibling->cluster, &given, opened, &error) ? api_error(pgn_error, &error)
                                                                  : STATUS_OK;
}

static enum status keep(pgn_session *session, void *argument, struct error *error)
{
    enum status status = session_do(session, session_keep_template, error);

    (void) argument;
    return status ? status : session_write_template(session, error);
}

int pgn_session_keep(pgn_session *session, pgn_error *error)
{
    return api_run(session, gate_is_quiet, keep, NULL, error);
}

const char *pgn_session_user(const pgn_session *session)
{
    return session->cluster->user;
}

const char *pgn_session_database(const pgn_session *session)
{
    return session->cluster->database;
}

int32_t pgn_session_process(const pgn_session *session)
{
    return session->process;
}

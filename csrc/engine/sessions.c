/* The interface of sessions: may it be, and whose turn is it then? */
#include "engine/api.h"
#include "engine/backends.h"

static bool check_transaction(pgn_engine *engine)
{
    uint64_t between;

    if (!session_settle(engine,
                        session_call(engine, engine->runtime->exports.is_between_transactions, NULL,
                                     &between),
                        "pglite_is_between_transactions"))
        return false;
    engine->task_argument = (int32_t) between;
    return true;
}

/* May the turn of the backend that has it end? */
static enum status check_turn(pgn_engine *engine, struct error *error)
{
    enum status status = api_check_free(engine, true, error);

    if (!status && engine->state == ENGINE_WANTS_INPUT)
        status = error_set(error, STATUS_INVALID,
                           "the session is in the middle of a message or of COPY: finish it first");
    if (status || engine->state == ENGINE_ENDED)
        return status;
    status = backends_run(engine, check_transaction, error);
    if (!status && !engine->task_argument)
        status = error_set(error, STATUS_INVALID,
                           "the session is in a transaction: end it before another's turn");
    return status;
}

int pgn_session_open(pgn_engine *engine, int32_t *process, pgn_error *pgn_error)
{
    struct error error;
    int status = api_enter(engine, pgn_error);

    if (status)
        return status;
    status = check_turn(engine, &error);
    if (!status && engine->state == ENGINE_ENDED && !engine->backends) {
        error = engine->failure;
        status = error.status;
    }
    if (!status)
        status = backends_prepare(engine, &error);
    if (!status)
        status = backends_open_one(engine, process, &error);
    api_leave(engine);
    return status ? api_error(pgn_error, &error) : STATUS_OK;
}

/* The engine's own backend has the cluster open: nothing goes on without it. */
static enum status check_own(const pgn_engine *engine, struct error *error)
{
    const struct backends *backends = engine->backends;
    const struct backend *own = backends->list[BACKENDS_OWN];
    bool ended = backends->current == BACKENDS_OWN ? engine->state == ENGINE_ENDED
                                                   : own->state == ENGINE_ENDED;

    if (!ended)
        return STATUS_OK;
    return error_set(error, STATUS_CLOSED,
                     "the engine's own session has ended, and with it the cluster's");
}

int pgn_session_enter(pgn_engine *engine, int32_t process, pgn_error *pgn_error)
{
    struct error error;
    uint32_t index;
    int status = api_enter(engine, pgn_error);

    if (status)
        return status;
    if (process == BACKENDS_OWN_PROCESS && !engine->backends) {
        api_leave(engine);
        return STATUS_OK;
    }
    status = backends_find(engine, process, &index, &error);
    if (!status && index != engine->backends->current)
        status = check_turn(engine, &error);
    if (!status && index != BACKENDS_OWN)
        status = check_own(engine, &error);
    if (!status)
        status = backends_give_turn(engine, index, &error);
    api_leave(engine);
    return status ? api_error(pgn_error, &error) : STATUS_OK;
}

/* As when a client is gone: what its backend was in the middle of is cancelled. */
int pgn_session_close(pgn_engine *engine, int32_t process, pgn_error *pgn_error)
{
    struct error error;
    uint32_t index;
    int status = api_enter(engine, pgn_error);

    if (status)
        return status;
    if (process != BACKENDS_OWN_PROCESS && !backends_find(engine, process, &index, &error)) {
        status = engine->held ? api_check_free(engine, true, &error) : STATUS_OK;
        if (!status && engine->state == ENGINE_POISONED) {
            error = engine->failure;
            status = error.status;
        }
        if (!status && index != engine->backends->current)
            status = check_turn(engine, &error);
        if (!status)
            status = backends_close_one(engine, index, &error);
    }
    api_leave(engine);
    return status ? api_error(pgn_error, &error) : STATUS_OK;
}

size_t pgn_sessions_signalled(pgn_engine *engine, int32_t *processes, size_t size)
{
    const struct backends *backends;
    size_t count = 0;

    if (api_enter(engine, NULL))
        return 0;
    backends = engine->backends;
    for (uint32_t i = 0; backends && i < backends->count; i++)
        if (backends->list[i]->signals && i != backends->current && count < size)
            processes[count++] = backends->list[i]->process;
    api_leave(engine);
    return count;
}

int pgn_session_keep(pgn_engine *engine, pgn_error *pgn_error)
{
    struct error error;
    int status = api_enter(engine, pgn_error);

    if (status)
        return status;
    status = engine->backends
                 ? error_set(&error, STATUS_INVALID, "the engine has had sessions already")
                 : api_check_free(engine, false, &error);
    if (!status)
        status = check_turn(engine, &error);
    if (!status)
        status = backends_run(engine, backends_keep_original, &error);
    api_leave(engine);
    return status ? api_error(pgn_error, &error) : STATUS_OK;
}

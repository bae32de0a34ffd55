/* Bytes between the caller and the guest: the host's end of docs/HANDSHAKE.md, and of the callback
 * transport it is compared with.
 */
#include "engine/session/transport.h"

#include <stdlib.h>
#include <string.h>

#include "engine/cluster/cluster.h"
#include "engine/session/housekeeping.h"
#include "engine/session/main_loop.h"
#include "engine/session/run.h"
#include "engine/session/sync.h"
#include "engine/session/sessions.h"

enum {
    GUEST_POLLING = 0, /* pglite_transport_install's kinds */
    GUEST_CALLBACK = 1,
    OUTPUT_INITIAL = 64 * 1024
};

/* Room for size more bytes; doubles, so that a long reply is copied a bounded number of times. */
static bool reserve_output(pgn_session *session, size_t size)
{
    size_t capacity = session->output_capacity ? session->output_capacity : OUTPUT_INITIAL;
    uint8_t *grown;

    if (size > SIZE_MAX / 2 - session->output_size)
        return false;
    if (session->output_size + size <= session->output_capacity)
        return true;
    while (capacity < session->output_size + size)
        capacity *= 2;
    grown = realloc(session->output, capacity);
    if (!grown)
        return false;
    session->output = grown;
    session->output_capacity = capacity;
    return true;
}

static bool append_output(pgn_session *session, const void *bytes, size_t size)
{
    session->statistics.bytes_out += size;
    if (session->discarding || size == 0)
        return true;
    if (!reserve_output(session, size))
        return false;
    memcpy(session->output + session->output_size, bytes, size);
    session->output_size += size;
    return true;
}

static bool refuse(pgn_session *session, const char *reason)
{
    session_set_state(session, SESSION_ENDED);
    error_set(&session->failure, STATUS_INVALID, "%s", reason);
    return false;
}

/* Settles which transport: the one asked for, or the better one that the guest was built with. */
static bool choose(pgn_session *session, bool *polling)
{
    bool has_polling = session->cluster->runtime->exports.has_polling;

    if (session->cluster->options->transport == PGN_TRANSPORT_POLLING && !has_polling)
        return refuse(session, "the guest was built with PGLITE_POLLING=false: it has the callback "
                               "transport only");
    *polling = has_polling && session->cluster->options->transport != PGN_TRANSPORT_CALLBACK;
    return true;
}

bool transport_open(pgn_session *session)
{
    const struct engine_exports *exports = &session->cluster->runtime->exports;
    uint64_t result, kind, size = session->cluster->options->buffer_size;
    bool polling;

    if (!choose(session, &polling))
        return false;
    if (polling) {
        if (session_call(session, exports->set_buffer_size, &size, &result))
            return session_poison(session, "pglite_set_buffer_size");
        if ((int32_t) result)
            return refuse(session, "buffer_size is out of range: the guest takes 4 KiB to 64 MiB");
    }
    kind = polling ? GUEST_POLLING : GUEST_CALLBACK;
    if (session_call(session, exports->transport_install, &kind, &result) || (int32_t) result)
        return session_poison(session, "pglite_transport_install");
    if (!polling)
        return true;

    if (session_call(session, exports->get_control, NULL, &result))
        return session_poison(session, "pglite_get_control");
    return handshake_attach(&session->instance.handshake, session->instance.guest,
                            (uint32_t) result)
           || session_poison(session, "the handshake's control block");
}

/* Has the guest bytes it has not read, or the caller bytes the guest has not been given? */
bool transport_input_waits(const pgn_session *session)
{
    return session->input_size > 0
           || (session->instance.handshake.polling
               && load_u32(session->instance.handshake.input + BUFFER_STATUS) == BUFFER_READY);
}

static size_t take_input(pgn_session *session, void *to, size_t room)
{
    size_t size = session->input_size < room ? session->input_size : room;

    memcpy(to, session->input, size);
    session->input += size;
    session->input_size -= size;
    session->statistics.bytes_in += size;
    return size;
}

/* Gives the guest the next part of the caller's bytes, if its buffer is empty. */
void transport_fill(pgn_session *session)
{
    struct handshake *handshake = &session->instance.handshake;

    if (!handshake->polling || session->input_size == 0
        || load_u32(handshake->input + BUFFER_STATUS) != BUFFER_EMPTY)
        return;
    store_u32(handshake->input + BUFFER_LENGTH,
              (uint32_t) take_input(session, handshake->input + BUFFER_DATA,
                                    handshake->buffer_size));
    store_u32(handshake->input + BUFFER_STATUS, BUFFER_READY);
}

/* Takes what the guest has sent. False when there is no memory for it: it stays with the guest. */
bool transport_drain(pgn_session *session)
{
    struct handshake *handshake = &session->instance.handshake;
    uint32_t length;

    if (!handshake->polling || load_u32(handshake->output + BUFFER_STATUS) != BUFFER_READY)
        return true;
    length = load_u32(handshake->output + BUFFER_LENGTH);
    if (length > handshake->buffer_size)
        length = handshake->buffer_size; /* a lie of the guest's costs the guest, not us */
    if (!append_output(session, handshake->output + BUFFER_DATA, length))
        return false;
    store_u32(handshake->output + BUFFER_LENGTH, 0);
    store_u32(handshake->output + BUFFER_STATUS, BUFFER_EMPTY);
    return true;
}

/* Until the caller has brought bytes (*more), or the session is being closed. */
static enum guest_outcome await_input(pgn_session *session, bool *more)
{
    enum guest_outcome outcome = GUEST_RETURNED;

    while (!outcome && session->input_size == 0 && !session->shutting_down
           && !session->hanging_up) {
        session_suspend(session, SESSION_WANTS_INPUT);
        outcome = session_attend_reading(session);
    }
    *more = session->input_size > 0;
    return outcome;
}

/* Until there is room for more, in memory and below what the caller asked for. */
static void await_output_room(pgn_session *session)
{
    if (session->output_size >= session->output_limit && !session->discarding)
        session_suspend(session, SESSION_HAS_OUTPUT);
}

static void await_memory(pgn_session *session)
{
    session->output_lost = true;
    session_suspend(session, SESSION_HAS_OUTPUT);
}

static enum guest_outcome transport_wait(void *context, enum host_wait_reason reason, int *result)
{
    pgn_session *session = context;
    enum guest_outcome outcome;
    bool more;

    *result = 0;
    while (!transport_drain(session))
        await_memory(session);
    if (reason == HOST_WAIT_OUTPUT) {
        await_output_room(session);
        return GUEST_RETURNED;
    }
    outcome = await_input(session, &more);
    if (!outcome && more)
        transport_fill(session);
    *result = !more;
    return outcome;
}

static enum guest_outcome transport_receive(void *context, void *bytes, size_t size,
                                            int64_t *result)
{
    pgn_session *session = context;
    bool more;
    enum guest_outcome outcome = await_input(session, &more);

    *result = more ? (int64_t) take_input(session, bytes, size) : 0;
    return outcome;
}

static int64_t transport_send(void *context, const void *bytes, size_t size)
{
    pgn_session *session = context;

    await_output_room(session);
    while (!append_output(session, bytes, size))
        await_memory(session);
    return (int64_t) size;
}

static enum guest_outcome transport_sleep_until(void *context, int64_t deadline_ns, bool *woken)
{
    enum guest_outcome outcome;

    *woken = session_wait(context, deadline_ns, &outcome);
    return outcome;
}

/* There is no shell to give the command to: what system(3) returns where sh cannot be executed. */
static int transport_run(void *context, const char *command, const char *input, const char *output)
{
    enum { SHELL_NOT_FOUND = 127 << 8 };

    (void) context;
    (void) command;
    (void) input;
    (void) output;
    return SHELL_NOT_FOUND;
}

const struct host_upcalls engine_upcalls = {
    .wait = transport_wait,
    .receive = transport_receive,
    .send = transport_send,
    .sleep_until = transport_sleep_until,
    .run = transport_run,
    .signal = cluster_signal,
    .wake = cluster_wake_process,
    .need_wal_writer = housekeeping_need_wal_writer,
    .keep_template = session_keep_process,
    .sync = session_sync,
};

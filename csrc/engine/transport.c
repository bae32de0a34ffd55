/* Bytes between the caller and the guest: the host's end of docs/HANDSHAKE.md, and of the callback
 * transport it is compared with.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"
#include "platform/clock.h"

enum { /* PGliteBuffer and PGliteControl; the names are those of docs/HANDSHAKE.md */
       BUFFER_STATUS = 0,
       BUFFER_LENGTH = 4,
       BUFFER_DATA = 8,
       BUFFER_EMPTY = 0,
       BUFFER_READY = 1,

       CONTROL_SIZE = 64,
       CONTROL_MAGIC_AT = 0,
       CONTROL_MAGIC = 0x434C4750,
       CONTROL_VERSION_AT = 4,
       CONTROL_VERSION = 1,
       CONTROL_BUFFER_SIZE_AT = 8,
       CONTROL_INPUT_AT = 12,
       CONTROL_OUTPUT_AT = 16,

       GUEST_POLLING = 0, /* pglite_transport_install's kinds */
       GUEST_CALLBACK = 1,
       OUTPUT_INITIAL = 64 * 1024
};

/* Room for size more bytes; doubles, so that a long reply is copied a bounded number of times. */
static bool reserve_output(pgn_engine *engine, size_t size)
{
    size_t capacity = engine->output_capacity ? engine->output_capacity : OUTPUT_INITIAL;
    uint8_t *grown;

    if (size > SIZE_MAX / 2 - engine->output_size)
        return false;
    if (engine->output_size + size <= engine->output_capacity)
        return true;
    while (capacity < engine->output_size + size)
        capacity *= 2;
    grown = realloc(engine->output, capacity);
    if (!grown)
        return false;
    engine->output = grown;
    engine->output_capacity = capacity;
    return true;
}

static bool append_output(pgn_engine *engine, const void *bytes, size_t size)
{
    engine->statistics.bytes_out += size;
    if (engine->discarding || size == 0)
        return true;
    if (!reserve_output(engine, size))
        return false;
    memcpy(engine->output + engine->output_size, bytes, size);
    engine->output_size += size;
    return true;
}

static bool refuse(pgn_engine *engine, const char *reason)
{
    engine->state = ENGINE_ENDED;
    error_set(&engine->failure, STATUS_INVALID, "%s", reason);
    return false;
}

/* Settles which transport: the one asked for, or the better one that the guest was built with. */
static bool choose(pgn_engine *engine, bool *polling)
{
    bool has_polling = engine->runtime->exports.has_polling;

    if (engine->options->transport == PGN_TRANSPORT_POLLING && !has_polling)
        return refuse(engine, "the guest was built with PGLITE_POLLING=false: it has the callback "
                              "transport only");
    *polling = has_polling && engine->options->transport != PGN_TRANSPORT_CALLBACK;
    return true;
}

bool transport_attach(pgn_engine *engine, uint32_t control)
{
    struct handshake *handshake = &engine->handshake;

    *handshake = (struct handshake){.polling = control != 0, .address = control};
    if (!handshake->polling)
        return true;
    handshake->control = guest_at(engine->guest, control, CONTROL_SIZE);
    if (!handshake->control || load_u32(handshake->control + CONTROL_MAGIC_AT) != CONTROL_MAGIC
        || load_u32(handshake->control + CONTROL_VERSION_AT) != CONTROL_VERSION)
        return false;
    handshake->buffer_size = load_u32(handshake->control + CONTROL_BUFFER_SIZE_AT);
    handshake->input = guest_at(engine->guest, load_u32(handshake->control + CONTROL_INPUT_AT),
                                (uint64_t) BUFFER_DATA + handshake->buffer_size);
    handshake->output = guest_at(engine->guest, load_u32(handshake->control + CONTROL_OUTPUT_AT),
                                 (uint64_t) BUFFER_DATA + handshake->buffer_size);
    return handshake->input && handshake->output;
}

bool transport_open(pgn_engine *engine)
{
    const struct engine_exports *exports = &engine->runtime->exports;
    uint64_t result, kind, size = engine->options->buffer_size;
    bool polling;

    if (!choose(engine, &polling))
        return false;
    if (polling) {
        if (session_call(engine, exports->set_buffer_size, &size, &result))
            return session_poison(engine, "pglite_set_buffer_size");
        if ((int32_t) result)
            return refuse(engine, "buffer_size is out of range: the guest takes 4 KiB to 64 MiB");
    }
    kind = polling ? GUEST_POLLING : GUEST_CALLBACK;
    if (session_call(engine, exports->transport_install, &kind, &result) || (int32_t) result)
        return session_poison(engine, "pglite_transport_install");
    if (!polling)
        return true;

    if (session_call(engine, exports->get_control, NULL, &result))
        return session_poison(engine, "pglite_get_control");
    return transport_attach(engine, (uint32_t) result)
           || session_poison(engine, "the handshake's control block");
}

/* Has the guest bytes it has not read, or the caller bytes the guest has not been given? */
bool transport_input_waits(const pgn_engine *engine)
{
    return engine->input_size > 0
           || (engine->handshake.polling
               && load_u32(engine->handshake.input + BUFFER_STATUS) == BUFFER_READY);
}

static size_t take_input(pgn_engine *engine, void *to, size_t room)
{
    size_t size = engine->input_size < room ? engine->input_size : room;

    memcpy(to, engine->input, size);
    engine->input += size;
    engine->input_size -= size;
    engine->statistics.bytes_in += size;
    return size;
}

/* Gives the guest the next part of the caller's bytes, if its buffer is empty. */
void transport_fill(pgn_engine *engine)
{
    struct handshake *handshake = &engine->handshake;

    if (!handshake->polling || engine->input_size == 0
        || load_u32(handshake->input + BUFFER_STATUS) != BUFFER_EMPTY)
        return;
    store_u32(handshake->input + BUFFER_LENGTH,
              (uint32_t) take_input(engine, handshake->input + BUFFER_DATA,
                                    handshake->buffer_size));
    store_u32(handshake->input + BUFFER_STATUS, BUFFER_READY);
}

/* Takes what the guest has sent. False when there is no memory for it: it stays with the guest. */
bool transport_drain(pgn_engine *engine)
{
    struct handshake *handshake = &engine->handshake;
    uint32_t length;

    if (!handshake->polling || load_u32(handshake->output + BUFFER_STATUS) != BUFFER_READY)
        return true;
    length = load_u32(handshake->output + BUFFER_LENGTH);
    if (length > handshake->buffer_size)
        length = handshake->buffer_size; /* a lie of the guest's costs the guest, not us */
    if (!append_output(engine, handshake->output + BUFFER_DATA, length))
        return false;
    store_u32(handshake->output + BUFFER_LENGTH, 0);
    store_u32(handshake->output + BUFFER_STATUS, BUFFER_EMPTY);
    return true;
}

static void suspend(pgn_engine *engine, enum engine_state state)
{
    engine->state = state;
    coroutine_suspend(engine->coroutine);
}

/* Until the caller has brought bytes, or the session is being closed: false. */
static bool await_input(pgn_engine *engine)
{
    while (engine->input_size == 0) {
        if (engine->shutting_down || engine->hanging_up)
            return false;
        suspend(engine, ENGINE_WANTS_INPUT);
    }
    return true;
}

/* Until there is room for more, in memory and below what the caller asked for. */
static void await_output_room(pgn_engine *engine)
{
    if (engine->output_size >= engine->output_limit && !engine->discarding)
        suspend(engine, ENGINE_HAS_OUTPUT);
}

static void await_memory(pgn_engine *engine)
{
    engine->output_lost = true;
    suspend(engine, ENGINE_HAS_OUTPUT);
}

static int transport_wait(void *context, enum host_wait_reason reason)
{
    pgn_engine *engine = context;

    while (!transport_drain(engine))
        await_memory(engine);
    if (reason == HOST_WAIT_OUTPUT) {
        await_output_room(engine);
        return 0;
    }
    if (!await_input(engine))
        return 1;
    transport_fill(engine);
    return 0;
}

static int64_t transport_receive(void *context, void *bytes, size_t size)
{
    pgn_engine *engine = context;

    return await_input(engine) ? (int64_t) take_input(engine, bytes, size) : 0;
}

static int64_t transport_send(void *context, const void *bytes, size_t size)
{
    pgn_engine *engine = context;

    await_output_room(engine);
    while (!append_output(engine, bytes, size))
        await_memory(engine);
    return (int64_t) size;
}

static bool transport_sleep_until(void *context, int64_t deadline_ns)
{
    pgn_engine *engine = context;
    bool woken = engine->abandoned;

    while (!woken && platform_monotonic_ns() < deadline_ns) {
        int64_t pause_ns = engine->pause_ns ? engine->pause_ns : INT64_MAX;

        monitor_enter(engine->monitor);
        if (!atomic_load(&engine->cancelled) && !atomic_load(&engine->closing))
            monitor_wait(engine->monitor, deadline_ns < pause_ns ? deadline_ns : pause_ns);
        /* A cancel wakes one sleep: the guest may catch its error and sleep again. */
        woken = atomic_exchange(&engine->cancelled, false) || atomic_load(&engine->closing);
        monitor_leave(engine->monitor);
        session_pause(engine);
    }
    return woken;
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
    .signal = backends_signal,
    .sync_all = backends_sync_all,
};

/* The polling transport. See pglite-comm-polling.h and docs/HANDSHAKE.md. */
#include "pglite-comm.h"

#ifdef PGLITE_USE_POLLING

_Static_assert(offsetof(PGliteBuffer, data) == 8, "part of the contract");
_Static_assert(offsetof(PGliteControl, input_offset) == 20, "part of the contract");
_Static_assert(offsetof(PGliteControl, bytes_in) == 32, "part of the contract");
_Static_assert(sizeof(PGliteControl) == 64, "part of the contract");

/* The only state. It lives in guest memory, so each instance (and each snapshot) has its own. */
static struct {
    PGliteControl control;
    PGliteBuffer *input;
    PGliteBuffer *output;
} comm = {
    .control = {.magic = PGLITE_CONTROL_MAGIC, .version = PGLITE_CONTROL_VERSION},
};

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void clear(PGliteBuffer *buffer)
{
    buffer->length = 0;
    buffer->status = PGLITE_BUFFER_EMPTY;
}

static bool is_ready(const PGliteBuffer *buffer)
{
    return buffer != NULL && buffer->status == PGLITE_BUFFER_READY;
}

/* The host wrote the length: nothing is read or written by it before this holds. */
static bool length_is_valid(const PGliteBuffer *buffer)
{
    return buffer->length <= comm.control.buffer_size;
}

static PGliteBuffer *new_buffer(uint32_t size)
{
    PGliteBuffer *buffer = malloc(sizeof(PGliteBuffer) + size);
    if (buffer != NULL)
        clear(buffer);
    return buffer;
}

int pglite_set_buffer_size(uint32_t size)
{
    PGliteBuffer *input = NULL;
    PGliteBuffer *output = NULL;

    if (size < PGLITE_BUFFER_SIZE_MIN || size > PGLITE_BUFFER_SIZE_MAX)
        return -1;
    if (comm.control.waiting != PGLITE_WAIT_NONE || is_ready(comm.input) || is_ready(comm.output))
        return -1;
    input = new_buffer(size);
    output = new_buffer(size);
    if (input == NULL || output == NULL)
        goto fail;
    free(comm.input);
    free(comm.output);
    comm.input = input;
    comm.output = output;
    comm.control.buffer_size = size;
    comm.control.input = (uint32_t) (uintptr_t) input;
    comm.control.output = (uint32_t) (uintptr_t) output;
    comm.control.input_offset = 0;
    return 0;

fail:
    free(input);
    free(output);
    return -1;
}

int pglite_polling_prepare(void)
{
    return comm.input != NULL ? 0 : pglite_set_buffer_size(PGLITE_BUFFER_SIZE_DEFAULT);
}

PGliteControl *pglite_get_control(void)
{
    return &comm.control;
}

PGliteBuffer *pglite_get_input_buffer(void)
{
    return comm.input;
}

PGliteBuffer *pglite_get_output_buffer(void)
{
    return comm.output;
}

uint32_t pglite_get_buffer_size(void)
{
    return comm.control.buffer_size;
}

int pglite_signal_input_ready(uint32_t length)
{
    if (comm.input == NULL || is_ready(comm.input))
        return -1;
    if (length == 0 || length > comm.control.buffer_size)
        return -1;
    comm.control.input_offset = 0;
    comm.input->length = length;
    comm.input->status = PGLITE_BUFFER_READY;
    return 0;
}

int pglite_has_output(void)
{
    return is_ready(comm.output);
}

uint32_t pglite_get_output_length(void)
{
    return is_ready(comm.output) ? comm.output->length : 0;
}

void pglite_ack_output(void)
{
    if (comm.output != NULL)
        clear(comm.output);
}

void pglite_reset_buffers(void)
{
    if (comm.input == NULL)
        return;
    clear(comm.input);
    clear(comm.output);
    comm.control.input_offset = 0;
}

static int wait_for_host(PGliteWait reason)
{
    int result;

    if (reason == PGLITE_WAIT_NEED_INPUT)
        comm.control.input_waits++;
    else
        comm.control.output_waits++;
    comm.control.waiting = reason;
    result = pglite_host_wait(reason);
    comm.control.waiting = PGLITE_WAIT_NONE;
    return result;
}

ssize_t pglite_polling_read(void *bytes, size_t max_length)
{
    PGliteBuffer *input = comm.input;
    uint32_t *offset = &comm.control.input_offset;
    size_t count;

    if (max_length == 0)
        return 0;
    while (input->status != PGLITE_BUFFER_READY || input->length == 0) {
        clear(input); /* READY with nothing in it is drained too */
        if (wait_for_host(PGLITE_WAIT_NEED_INPUT) != 0)
            return 0;
    }
    if (!length_is_valid(input) || *offset >= input->length) {
        errno = EPROTO;
        return -1;
    }
    count = min_size(max_length, input->length - *offset);
    memcpy(bytes, input->data + *offset, count);
    comm.control.bytes_in += count;
    *offset += (uint32_t) count;
    if (*offset == input->length) {
        clear(input);
        *offset = 0;
    }
    return (ssize_t) count;
}

ssize_t pglite_polling_write(const void *bytes, size_t length)
{
    PGliteBuffer *output = comm.output;
    const uint8_t *next = bytes;
    size_t left = length;

    while (left > 0) {
        size_t room, count;

        if (output->status != PGLITE_BUFFER_READY)
            clear(output);
        if (!length_is_valid(output)) {
            errno = EPROTO;
            return -1;
        }
        room = comm.control.buffer_size - output->length;
        if (room == 0) {
            if (wait_for_host(PGLITE_WAIT_OUTPUT_FULL) != 0) {
                errno = EPIPE;
                return -1;
            }
            continue;
        }
        count = min_size(left, room);
        memcpy(output->data + output->length, next, count);
        output->length += (uint32_t) count;
        output->status = PGLITE_BUFFER_READY;
        comm.control.bytes_out += count;
        next += count;
        left -= count;
    }
    return (ssize_t) length;
}

#endif /* PGLITE_USE_POLLING */

/* The transport, compiled natively, against a fake host. */
#include "check.h"
#include "pglite-comm.h"

enum {
    STREAM_LENGTH = 300 * 1000, /* several default buffers, and no multiple of one */
    BACKEND_READ_LENGTH = 8192, /* what the backend asks recv for */
};

static uint8_t stream[STREAM_LENGTH];

/* The fake host. In a wait it feeds the input or takes the output, `step` bytes at a time. */
static struct {
    const uint8_t *input;
    size_t input_left;
    uint8_t output[STREAM_LENGTH];
    size_t output_length;
    size_t step;
    int idle_waits; /* waits to return from without having done anything */
    bool closed;
    int waits;
    PGliteWait last_reason;
} host;

static PGliteRead backend_read;
static PGliteWrite backend_write;

void pgl_set_rw_cbs(PGliteRead read, PGliteWrite write);

void pgl_set_rw_cbs(PGliteRead read, PGliteWrite write)
{
    backend_read = read;
    backend_write = write;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void host_fills_input(void)
{
    size_t count = smaller(smaller(host.step, host.input_left), pglite_get_buffer_size());

    CHECK_INT(PGLITE_BUFFER_EMPTY, pglite_get_input_buffer()->status);
    memcpy(pglite_get_input_buffer()->data, host.input, count);
    host.input += count;
    host.input_left -= count;
    CHECK_INT(0, pglite_signal_input_ready((uint32_t) count));
}

static void host_takes_output(void)
{
    uint32_t length = pglite_get_output_length();

    CHECK_INT(true, host.output_length + length <= sizeof host.output);
    memcpy(host.output + host.output_length, pglite_get_output_buffer()->data, length);
    host.output_length += length;
    pglite_ack_output();
}

int pglite_host_wait(PGliteWait reason)
{
    host.waits++;
    host.last_reason = reason;
    CHECK_INT(reason, pglite_get_control()->waiting);
    CHECK_INT(-1, pglite_set_buffer_size(PGLITE_BUFFER_SIZE_MIN)); /* not from within */
    if (host.idle_waits > 0) {
        host.idle_waits--;
        return 0;
    }
    if (host.closed || (reason == PGLITE_WAIT_NEED_INPUT && host.input_left == 0))
        return 1;
    if (reason == PGLITE_WAIT_NEED_INPUT)
        host_fills_input();
    else
        host_takes_output();
    return 0;
}

/* The callback transport's host: everything at once, or the error it was told to give. */
static ssize_t callback_result;

ssize_t pglite_host_recv(void *bytes, size_t length)
{
    if (callback_result > 0)
        memcpy(bytes, stream, smaller(length, (size_t) callback_result));
    return callback_result;
}

ssize_t pglite_host_send(const void *bytes, size_t length)
{
    if (callback_result > 0)
        memcpy(host.output, bytes, length);
    return callback_result;
}

static void fresh_host(size_t step)
{
    memset(&host, 0, sizeof host);
    host.input = stream;
    host.input_left = sizeof stream;
    host.step = step;
    pglite_reset_buffers();
    errno = 0;
}

static void test_before_install(void)
{
    CHECK_INT(0, pglite_get_buffer_size());
    CHECK_INT(true, pglite_get_input_buffer() == NULL);
    CHECK_INT(true, pglite_get_output_buffer() == NULL);
    CHECK_INT(-1, pglite_signal_input_ready(1));
    CHECK_INT(false, pglite_has_output());
    CHECK_INT(0, pglite_get_output_length());
    pglite_ack_output();
    pglite_reset_buffers();
    CHECK_INT(PGLITE_CONTROL_MAGIC, pglite_get_control()->magic);
    CHECK_INT(PGLITE_CONTROL_VERSION, pglite_get_control()->version);
    CHECK_BYTES("PGLC", pglite_get_control(), 4);
}

static void test_install(void)
{
    CHECK_INT(-1, pglite_transport_install(-1));
    CHECK_INT(-1, pglite_transport_install(2));
    CHECK_INT(0, pglite_transport_install(PGLITE_TRANSPORT_POLLING));
    CHECK_INT(PGLITE_BUFFER_SIZE_DEFAULT, pglite_get_buffer_size());
    CHECK_INT((uint32_t) (uintptr_t) pglite_get_input_buffer(), pglite_get_control()->input);
    CHECK_INT((uint32_t) (uintptr_t) pglite_get_output_buffer(), pglite_get_control()->output);
    CHECK_INT(true, backend_read == pglite_polling_read);
    CHECK_INT(true, backend_write == pglite_polling_write);
}

/* The whole stream arrives, whatever the host's steps and the backend's reads are. */
static void check_read(size_t step, size_t read_length)
{
    static uint8_t received[STREAM_LENGTH + BACKEND_READ_LENGTH];
    uint64_t bytes_before = pglite_get_control()->bytes_in;
    size_t length = 0;
    ssize_t count;

    fresh_host(step);
    while ((count = backend_read(received + length, read_length)) > 0) {
        CHECK_INT(true, (size_t) count <= read_length);
        length += (size_t) count;
    }
    CHECK_INT(0, count);
    CHECK_INT(sizeof stream, length);
    CHECK_BYTES(stream, received, length);
    CHECK_INT(sizeof stream, pglite_get_control()->bytes_in - bytes_before);
    CHECK_INT(PGLITE_WAIT_NEED_INPUT, host.last_reason);
    CHECK_INT(PGLITE_WAIT_NONE, pglite_get_control()->waiting);
    CHECK_INT(0, pglite_get_control()->input_offset);
}

static void test_read(void)
{
    size_t whole = pglite_get_buffer_size();

    check_read(1, 1);
    check_read(1, BACKEND_READ_LENGTH);
    check_read(whole, 1);
    check_read(whole, BACKEND_READ_LENGTH);
    check_read(whole, whole);
    check_read(whole - 1, BACKEND_READ_LENGTH);
    check_read(BACKEND_READ_LENGTH, BACKEND_READ_LENGTH);
    check_read(BACKEND_READ_LENGTH + 1, BACKEND_READ_LENGTH);
}

static void test_read_shows_its_offset(void)
{
    uint8_t bytes[100];
    PGliteBuffer *input = pglite_get_input_buffer();

    fresh_host(sizeof bytes);
    host_fills_input();
    CHECK_INT(0, backend_read(bytes, 0));
    CHECK_INT(60, backend_read(bytes, 60));
    CHECK_INT(60, pglite_get_control()->input_offset);
    CHECK_INT(PGLITE_BUFFER_READY, input->status);
    CHECK_INT(100, input->length);
    CHECK_INT(-1, pglite_signal_input_ready(1)); /* unread bytes are not to be overwritten */
    CHECK_INT(40, backend_read(bytes, sizeof bytes));
    CHECK_INT(PGLITE_BUFFER_EMPTY, input->status);
    CHECK_INT(0, input->length);
    CHECK_INT(0, pglite_get_control()->input_offset);
    CHECK_INT(0, host.waits);
}

/* The host may set the two words itself, and may return from a wait with nothing. */
static void test_read_with_direct_stores(void)
{
    uint8_t byte;
    PGliteBuffer *input = pglite_get_input_buffer();

    fresh_host(1);
    input->data[0] = 'x';
    input->length = 1;
    input->status = PGLITE_BUFFER_READY;
    CHECK_INT(1, backend_read(&byte, 1));
    CHECK_INT('x', byte);

    input->length = 0;
    input->status = PGLITE_BUFFER_READY;
    host.idle_waits = 3;
    CHECK_INT(1, backend_read(&byte, 1));
    CHECK_INT(stream[0], byte);
    CHECK_INT(4, host.waits);
}

static void test_read_refuses_bad_lengths(void)
{
    static const uint32_t bad_lengths[] = {1, INT32_MAX, (uint32_t) INT32_MAX + 1, UINT32_MAX};
    uint8_t byte;
    PGliteBuffer *input = pglite_get_input_buffer();
    uint32_t size = pglite_get_buffer_size();

    for (size_t i = 0; i < sizeof bad_lengths / sizeof bad_lengths[0]; i++) {
        fresh_host(1);
        input->length = i == 0 ? size + bad_lengths[i] : bad_lengths[i];
        input->status = PGLITE_BUFFER_READY;
        CHECK_INT(-1, backend_read(&byte, 1));
        CHECK_INT(EPROTO, errno);
    }
    fresh_host(1);
    CHECK_INT(-1, pglite_signal_input_ready(0));
    CHECK_INT(-1, pglite_signal_input_ready(size + 1));
    CHECK_INT(-1, pglite_signal_input_ready(UINT32_MAX));
    CHECK_INT(0, pglite_signal_input_ready(size));

    /* An offset that the host has no business with. */
    pglite_get_control()->input_offset = size;
    CHECK_INT(-1, backend_read(&byte, 1));
    CHECK_INT(EPROTO, errno);
}

static void test_read_at_end(void)
{
    uint8_t byte;

    fresh_host(1);
    host.closed = true;
    CHECK_INT(0, backend_read(&byte, 1));
    CHECK_INT(0, backend_read(&byte, 1));
    CHECK_INT(2, host.waits);
}

static void check_write(size_t write_length)
{
    uint64_t bytes_before = pglite_get_control()->bytes_out;
    size_t sent = 0;

    fresh_host(0);
    while (sent < sizeof stream) {
        size_t count = smaller(write_length, sizeof stream - sent);
        CHECK_INT(count, backend_write(stream + sent, count));
        sent += count;
    }
    CHECK_INT(sent > pglite_get_buffer_size(), host.waits > 0);
    host_takes_output();
    CHECK_INT(sizeof stream, host.output_length);
    CHECK_BYTES(stream, host.output, sizeof stream);
    CHECK_INT(sizeof stream, pglite_get_control()->bytes_out - bytes_before);
}

static void test_write(void)
{
    size_t whole = pglite_get_buffer_size();

    check_write(1);
    check_write(BACKEND_READ_LENGTH);
    check_write(whole - 1);
    check_write(whole);
    check_write(whole + 1);
    check_write(sizeof stream);
}

static void test_write_fills_before_it_waits(void)
{
    uint32_t size = pglite_get_buffer_size();

    fresh_host(0);
    CHECK_INT(0, backend_write(stream, 0));
    CHECK_INT(false, pglite_has_output());
    CHECK_INT(size, backend_write(stream, size));
    CHECK_INT(0, host.waits);
    CHECK_INT(true, pglite_has_output());
    CHECK_INT(size, pglite_get_output_length());
    host.idle_waits = 2;
    CHECK_INT(1, backend_write(stream + size, 1));
    CHECK_INT(3, host.waits);
    CHECK_INT(PGLITE_WAIT_OUTPUT_FULL, host.last_reason);
    CHECK_INT(1, pglite_get_output_length());
    host_takes_output();
    CHECK_BYTES(stream, host.output, size + 1);
}

static void test_write_refuses_bad_lengths(void)
{
    PGliteBuffer *output = pglite_get_output_buffer();

    fresh_host(0);
    output->status = PGLITE_BUFFER_READY;
    output->length = pglite_get_buffer_size() + 1;
    CHECK_INT(-1, backend_write("x", 1));
    CHECK_INT(EPROTO, errno);

    /* EMPTY means empty, whatever the length says. */
    output->status = PGLITE_BUFFER_EMPTY;
    CHECK_INT(1, backend_write("x", 1));
    CHECK_INT(1, pglite_get_output_length());
}

static void test_write_to_nobody(void)
{
    fresh_host(0);
    host.closed = true;
    CHECK_INT(-1, backend_write(stream, sizeof stream));
    CHECK_INT(EPIPE, errno);
    CHECK_INT(1, host.waits);
}

static void test_buffer_size(void)
{
    static const uint32_t bad_sizes[] = {0, 1, PGLITE_BUFFER_SIZE_MIN - 1,
                                         PGLITE_BUFFER_SIZE_MAX + 1, UINT32_MAX};

    fresh_host(0);
    for (size_t i = 0; i < sizeof bad_sizes / sizeof bad_sizes[0]; i++) {
        CHECK_INT(-1, pglite_set_buffer_size(bad_sizes[i]));
        CHECK_INT(PGLITE_BUFFER_SIZE_DEFAULT, pglite_get_buffer_size());
    }
    CHECK_INT(1, backend_write("x", 1));
    CHECK_INT(-1, pglite_set_buffer_size(PGLITE_BUFFER_SIZE_MIN)); /* would lose it */
    pglite_ack_output();
    CHECK_INT(0, pglite_signal_input_ready(1));
    CHECK_INT(-1, pglite_set_buffer_size(PGLITE_BUFFER_SIZE_MIN));
    pglite_reset_buffers();

    CHECK_INT(0, pglite_set_buffer_size(PGLITE_BUFFER_SIZE_MAX));
    CHECK_INT(0, pglite_set_buffer_size(PGLITE_BUFFER_SIZE_MIN + 1)); /* any size will do */
    CHECK_INT(PGLITE_BUFFER_SIZE_MIN + 1, pglite_get_buffer_size());
    CHECK_INT((uint32_t) (uintptr_t) pglite_get_input_buffer(), pglite_get_control()->input);
    test_read();
    test_write();
    CHECK_INT(0, pglite_set_buffer_size(PGLITE_BUFFER_SIZE_MIN));
    test_read();
    test_write();

    /* Installing again keeps the size chosen. */
    CHECK_INT(0, pglite_transport_install(PGLITE_TRANSPORT_POLLING));
    CHECK_INT(PGLITE_BUFFER_SIZE_MIN, pglite_get_buffer_size());
}

/* The linker sends the transport's allocations here (--wrap): the one counted down to fails. */
static int allocations_until_failure;

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

void *__wrap_malloc(size_t size)
{
    if (allocations_until_failure > 0 && --allocations_until_failure == 0)
        return NULL;
    return __real_malloc(size);
}

static void test_no_memory(void)
{
    PGliteBuffer *input = pglite_get_input_buffer();
    PGliteBuffer *output = pglite_get_output_buffer();

    for (int failing = 1; failing <= 2; failing++) {
        allocations_until_failure = failing;
        CHECK_INT(-1, pglite_set_buffer_size(PGLITE_BUFFER_SIZE_DEFAULT));
        CHECK_INT(0, allocations_until_failure);
        CHECK_INT(PGLITE_BUFFER_SIZE_MIN, pglite_get_buffer_size());
        CHECK_INT(true, input == pglite_get_input_buffer());
        CHECK_INT(true, output == pglite_get_output_buffer());
    }
}

static void test_callback(void)
{
    uint8_t bytes[10];

    fresh_host(0);
    CHECK_INT(0, pglite_transport_install(PGLITE_TRANSPORT_CALLBACK));
    callback_result = sizeof bytes;
    CHECK_INT(sizeof bytes, backend_read(bytes, sizeof bytes));
    CHECK_BYTES(stream, bytes, sizeof bytes);
    CHECK_INT(sizeof bytes, backend_write(bytes, sizeof bytes));
    CHECK_BYTES(stream, host.output, sizeof bytes);
    callback_result = 0;
    CHECK_INT(0, backend_read(bytes, sizeof bytes));
    callback_result = -EPIPE;
    CHECK_INT(-1, backend_read(bytes, sizeof bytes));
    CHECK_INT(EPIPE, errno);
    errno = 0;
    CHECK_INT(-1, backend_write(bytes, sizeof bytes));
    CHECK_INT(EPIPE, errno);
    CHECK_INT(0, host.waits);
}

int main(void)
{
    for (size_t i = 0; i < sizeof stream; i++)
        stream[i] = (uint8_t) (i * 7 + i / 251);

    test_before_install();
    allocations_until_failure = 1;
    CHECK_INT(-1, pglite_transport_install(PGLITE_TRANSPORT_POLLING));
    test_before_install();
    test_install();
    test_read();
    test_read_shows_its_offset();
    test_read_with_direct_stores();
    test_read_refuses_bad_lengths();
    test_read_at_end();
    test_write();
    test_write_fills_before_it_waits();
    test_write_refuses_bad_lengths();
    test_write_to_nobody();
    test_buffer_size();
    test_no_memory();
    test_callback();
    puts("ok");
    return 0;
}

/* A real engine for the targets that talk to one, and what conversations are made of. */
#include "engine.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum {
    QUOTE = 0xfe,
    MARK = 0xff,
    RAW = 0x80,
    HEAD_SIZE = 5,
    SQLSTATE_SIZE = 5,
    FEATURES = 1 << 12,
    CLOCK_S = 1800000000
};

static pgn_runtime *runtime;
static pgn_image *image;

/* By its section libFuzzer knows it. */
__attribute__((section("__libfuzzer_extra_counters"))) static uint8_t features[FEATURES];

/* What all engines begin with: something of each kind that statements can be about. */
static const char setup[] = "CREATE TABLE t (i int PRIMARY KEY, s text);"
                            "INSERT INTO t SELECT g, 'row ' || g FROM generate_series(1, 20) g;"
                            "CREATE FUNCTION f(int) RETURNS int LANGUAGE plpgsql AS"
                            " 'BEGIN RETURN 100 / $1; END'";

static void succeed(int status, const pgn_error *error)
{
    if (status) {
        fprintf(stderr, "the engine did not open: %s\n", error->message);
        abort();
    }
}

static void run(pgn_session *session, const char *sql)
{
    uint8_t message[1024] = {'Q'};
    size_t size = strlen(sql) + 5;
    static pgn_reply reply;

    FUZZ_CHECK(size < sizeof message);
    message[3] = (uint8_t) (size >> 8);
    message[4] = (uint8_t) size;
    memcpy(message + HEAD_SIZE, sql, strlen(sql) + 1);
    succeed(pgn_exec(session, message, size + 1, TRANSCRIPT_MAX, &reply), &reply.error);
    FUZZ_CHECK(reply.ended || !pgn_end(session, NULL));
}

static const char *path(const char *name)
{
    static char paths[6][512];
    static int next;
    char *at = paths[next++ % 6];

    snprintf(at, sizeof *paths, "%s/%s", RESOURCES, name);
    return at;
}

void engine_prepare(void)
{
    const char *library = path("pglite-aot.so"), *tier = getenv("PGLITE_NATIVE_TIER");
    pgn_options options = {.seeded = true,
                           .seed = 1,
                           .clock_frozen = true,
                           .clock_ns = CLOCK_S * INT64_C(1000000000)};
    pgn_session *session;
    pgn_error error;
    int fd = open(path("postgres.image"), O_RDONLY | O_CLOEXEC);

    if ((tier && strcmp(tier, "wasm3") == 0) || access(library, R_OK) != 0)
        library = NULL;
    succeed(pgn_runtime_open(path("pglite.wasm"), library, NULL, path("initdb.wasm"),
                             path("system.pack"), path("cluster.pack"), &runtime, &error),
            &error);
    succeed(pgn_image_open(runtime, fd, false, &options.image, &error), &error);
    close(fd);
    succeed(pgn_open(runtime, &options, &session, &error), &error);
    run(session, setup);
    succeed(pgn_snapshot(session, &image, &error), &error);
    pgn_free(session);
    pgn_image_drop(&options.image);
}

pgn_session *engine_fork(void)
{
    pgn_options options = {.image = image, .memory_limit = 64 << 20};
    pgn_session *session;
    pgn_error error;

    succeed(pgn_open(runtime, &options, &session, &error), &error);
    return session;
}

/* --- conversations -------------------------------------------------------------------------- */

static void put(struct conversation *conversation, uint8_t byte)
{
    if (conversation->size < CONVERSATION_MAX)
        conversation->bytes[conversation->size++] = byte;
}

static void begin_message(struct conversation *conversation, uint8_t kind)
{
    put(conversation, kind);
    for (int i = 1; i < HEAD_SIZE; i++)
        put(conversation, 0);
}

/* The length, which counts itself. */
static void end_message(struct conversation *conversation, size_t start)
{
    size_t length = conversation->size - start - 1;

    for (int i = 1; i < HEAD_SIZE; i++)
        conversation->bytes[start + i] = (uint8_t) (length >> 8 * (HEAD_SIZE - 1 - i));
}

static void read_message(struct conversation *conversation, struct input *input)
{
    uint8_t kind = input_byte(input);
    size_t start = conversation->size;

    if (kind < RAW)
        begin_message(conversation, kind);
    while (input->at < input->end && *input->at != MARK) {
        if (*input->at == QUOTE)
            input->at++;
        put(conversation, input_byte(input));
    }
    if (kind < RAW)
        end_message(conversation, start);
    if (kind >= RAW || !strchr("QPBDEFCSHdcf", kind) || kind == '\0')
        conversation->is_whole = false;
}

void conversation_read(struct conversation *conversation, struct input *input)
{
    conversation->size = 0;
    conversation->is_whole = true;
    while (input->at < input->end && conversation->size < CONVERSATION_MAX / 2) {
        if (*input->at == MARK)
            input->at++;
        read_message(conversation, input);
    }
}

static void add(struct conversation *conversation, uint8_t kind, const char *text)
{
    size_t start = conversation->size;

    begin_message(conversation, kind);
    for (; *text; text++)
        put(conversation, (uint8_t) *text);
    if (kind != 'S')
        put(conversation, 0);
    end_message(conversation, start);
}

void conversation_add_check(struct conversation *conversation)
{
    add(conversation, 'f', "enough");
    add(conversation, 'S', "");
    add(conversation, 'Q', "ROLLBACK");
    add(conversation, 'Q', "SELECT 1");
}

/* --- transcripts ---------------------------------------------------------------------------- */

static uint32_t load32(const uint8_t *at)
{
    return (uint32_t) at[0] << 24 | (uint32_t) at[1] << 16 | (uint32_t) at[2] << 8 | at[3];
}

static void count(uint32_t what)
{
    features[what * UINT32_C(2654435761) >> 20] = 1;
}

void transcript_count(const struct transcript *transcript)
{
    uint8_t before = 0;

    for (size_t at = 0; at + HEAD_SIZE <= transcript->size;) {
        const uint8_t *message = transcript->bytes + at;
        size_t size = load32(message + 1);
        const uint8_t *field = message + HEAD_SIZE;

        if (transcript->size - at - 1 < size)
            break;
        count((uint32_t) before << 8 | *message);
        before = *message;
        if (before == 'E' || before == 'N')
            while (field < message + size && *field) {
                if (*field == 'C')
                    count(load32(field + 1) ^ field[SQLSTATE_SIZE]);
                field += strlen((const char *) field) + 1;
            }
        at += size + 1;
    }
}

bool transcript_is_sane(const struct transcript *transcript)
{
    static const uint8_t end[] = "D\0\0\0\x0b\0\1\0\0\0\1"
                                 "1C\0\0\0\x0dSELECT 1\0Z\0\0\0\5I";
    size_t size = sizeof end - 1;

    return transcript->size >= size
           && memcmp(transcript->bytes + transcript->size - size, end, size) == 0;
}

/* Conversations with a real engine, sent whole and in small pieces: the answers are the same bytes, and the engine goes
 * on, or has ended as a server's session does; it never fails.
 */
#include <string.h>

#include "engine.h"

enum {
    PIECE_MAX = 4,
    PART = 4096,    /* of the answer */
    PAUSES_MAX = 60 /* of 50 ms each: then the statement is cancelled */
};

static struct conversation conversation;
static struct transcript whole, pieces;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void) argc, (void) argv;
    engine_prepare();
    return 0;
}

static void append(struct transcript *transcript, const void *bytes, size_t size)
{
    if (size > TRANSCRIPT_MAX - transcript->size) {
        transcript->is_cut = true;
        return;
    }
    if (size > 0)
        memcpy(transcript->bytes + transcript->size, bytes, size);
    transcript->size += size;
}

/* One call. A session may end, and says so from then on; nothing else may go wrong. */
static void exchange(pgn_session *session, const uint8_t *bytes, size_t size,
                     struct transcript *transcript)
{
    static pgn_reply reply;
    int pauses = 0, status;

    reply.ended = true;
    status = pgn_exec(session, bytes, size, PART, &reply);
    if (!status && reply.ended)
        append(transcript, reply.short_bytes, reply.size);
    while (!status && !reply.ended && (reply.size || reply.paused) && !transcript->is_cut) {
        if (reply.paused && ++pauses == PAUSES_MAX) {
            transcript->is_cut = true;
            break;
        }
        append(transcript, reply.bytes, reply.size);
        status = pgn_next(session, PART, &reply);
    }
    if (status && strcmp(pgn_status_name(status), "CLOSED") != 0) {
        fprintf(stderr, "%s: %s\n", pgn_status_name(status), reply.error.message);
        abort();
    }
    if (!status && !reply.ended)
        FUZZ_CHECK(!pgn_end(session, NULL));
    transcript->is_over |= status || reply.over;
}

static void converse(size_t piece, struct transcript *transcript)
{
    pgn_session *session = engine_fork();

    transcript->size = 0;
    transcript->is_cut = transcript->is_over = false;
    for (size_t at = 0; at < conversation.size && !transcript->is_over && !transcript->is_cut;
         at += piece) {
        size_t left = conversation.size - at;

        exchange(session, conversation.bytes + at, left < piece ? left : piece, transcript);
    }
    pgn_free(session);
}

/* Does the conversation end before its last message does? */
static bool ends_within_a_message(void)
{
    size_t at = 0;

    while (conversation.size - at > sizeof(uint32_t)) {
        const uint8_t *length = conversation.bytes + at + 1;
        size_t size = 1
                      + ((size_t) length[0] << 24 | (size_t) length[1] << 16
                         | (size_t) length[2] << 8 | length[3]);

        if (size > conversation.size - at)
            return true;
        at += size;
    }
    return at < conversation.size;
}

/* What is not flushed is kept by a session that ends without a word, as at an impossible length, and by one that waits
 * within a message. A call that ends between messages flushes. */
static bool are_alike(void)
{
    bool may_keep = whole.is_over || ends_within_a_message();

    return (whole.size == pieces.size || (may_keep && whole.size < pieces.size))
           && memcmp(whole.bytes, pieces.bytes, whole.size) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct input input = {bytes, bytes + size};
    size_t piece = 1 + input_byte(&input) % PIECE_MAX;

    conversation_read(&conversation, &input);
    conversation_add_check(&conversation);
    converse(conversation.size, &whole);
    transcript_count(&whole);
    if (whole.is_cut)
        return 0;
    if (conversation.is_whole && !whole.is_over)
        FUZZ_CHECK(transcript_is_sane(&whole));
    converse(piece, &pieces);
    FUZZ_CHECK(pieces.is_cut || are_alike());
    return 0;
}

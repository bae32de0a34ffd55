/* A real engine for the targets that talk to one, and what conversations are made of. */
#ifndef FUZZ_ENGINE_H
#define FUZZ_ENGINE_H

#include <stdbool.h>

#include "engine/api/pglite_native.h"
#include "fuzz.h"

enum { CONVERSATION_MAX = 1 << 16, TRANSCRIPT_MAX = 1 << 20 };

/* Bytes for the engine. */
struct conversation {
    uint8_t bytes[CONVERSATION_MAX];
    size_t size;
    bool is_whole; /* all of it are messages, and none ends the session */
};

/* What the engine has answered. */
struct transcript {
    uint8_t bytes[TRANSCRIPT_MAX];
    size_t size;
    bool is_cut; /* by its size or by time: not to be compared */
    bool is_over;
};

/* Once: a runtime, and a snapshot that all engines are forks of. */
void engine_prepare(void);

/* Always the same: clocks stand, and random numbers follow from a seed. */
pgn_session *engine_fork(void);

/* An input's messages: after 0xff comes a message's kind and what it holds, to the next 0xff; 0xfe quotes. A kind from
   0x80 on: the bytes that follow are sent as they are. */
void conversation_read(struct conversation *conversation, struct input *input);

/* Appends what ends COPY, a failed transaction and a pipeline, and asks for 1. */
void conversation_add_check(struct conversation *conversation);

/* Tells libFuzzer of the kinds of answers and the SQLSTATEs in it, as code that was reached: PostgreSQL's own is not
   counted. */
void transcript_count(const struct transcript *transcript);

/* Does it end with what conversation_add_check asks for? */
bool transcript_is_sane(const struct transcript *transcript);

#endif

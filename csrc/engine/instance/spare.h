/* The spare: memory of an engine that has been closed, for the next one of the same image.
 *
 * It has the image's content again, in the pages that its predecessor has used: they do not fault once more. Where that
 * had several sessions, what they shared is a file still. A runtime has one at most. Any thread.
 */
#ifndef PGN_ENGINE_SPARE_H
#define PGN_ENGINE_SPARE_H

#include "engine/instance/runtime.h"
#include "platform/coroutine.h"
#include "platform/reservation.h"

struct spare {
    uint64_t image; /* its number */
    struct reservation memory, arena;
    struct coroutine *coroutine; /* for its stack */
    int shared_fd; /* the file that the memory's shared ranges are; -1: they are not */
    int32_t owner; /* process: in a child of fork the file's pages are the parent's, too */
};

/* Takes the reservations, leaving closed ones, the coroutine and the descriptor. The spare before it goes. False, and
   nothing is taken: no memory. */
bool spare_keep(pgn_runtime *runtime, const pgn_image *image, struct reservation *memory,
                struct reservation *arena, struct coroutine *coroutine, int shared_fd);

/* Closed reservations and no coroutine: there is none of this image. */
struct spare spare_take(pgn_runtime *runtime, const pgn_image *image);

/* The image ends. A spare that another thread is looking at meanwhile stays until the next one comes. */
void spare_forget(pgn_runtime *runtime, const pgn_image *image);

/* For who lacks address space or maps. False: there is none. */
bool spare_drop(pgn_runtime *runtime);

/* What is left of one that was taken. Idempotent. */
void spare_close(struct spare *spare);

#endif

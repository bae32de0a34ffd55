/* The spare of a runtime: a place that threads exchange. */
#include "engine/instance/spare.h"

#include <stdlib.h>

#include "engine/instance/image.h"
#include "platform/files.h"
#include "platform/process.h"

void spare_close(struct spare *spare)
{
    reservation_close(&spare->memory);
    reservation_close(&spare->arena);
    coroutine_close(spare->coroutine);
    spare->coroutine = NULL;
    if (spare->shared_fd >= 0)
        files_close(spare->shared_fd);
    spare->shared_fd = -1;
}

static void discard(struct spare *spare)
{
    if (spare)
        spare_close(spare);
    free(spare);
}

static bool is_the_parents(const struct spare *spare, const pgn_runtime *runtime)
{
    return spare->shared_fd >= 0 && spare->owner != process_number(runtime->process);
}

/* NULL where another image's is there, or none. */
static struct spare *take(pgn_runtime *runtime, const pgn_image *image)
{
    struct spare *spare = atomic_exchange(&runtime->spare, NULL), *none = NULL;

    if (spare && is_the_parents(spare, runtime)) {
        discard(spare);
        return NULL;
    }
    if (!spare || spare->image == image->number)
        return spare;
    if (!atomic_compare_exchange_strong(&runtime->spare, &none, spare))
        discard(spare); /* a newer one has come meanwhile */
    return NULL;
}

bool spare_keep(pgn_runtime *runtime, const pgn_image *image, struct reservation *memory,
                struct reservation *arena, struct coroutine *coroutine, int shared_fd)
{
    struct spare *spare = malloc(sizeof *spare);

    if (!spare)
        return false;
    *spare = (struct spare){.image = image->number,
                            .memory = *memory,
                            .arena = *arena,
                            .coroutine = coroutine,
                            .shared_fd = shared_fd,
                            .owner = process_number(runtime->process)};
    *memory = *arena = (struct reservation){0};
    discard(atomic_exchange(&runtime->spare, spare));
    return true;
}

struct spare spare_take(pgn_runtime *runtime, const pgn_image *image)
{
    struct spare *kept = take(runtime, image);
    struct spare spare = {.image = image->number, .shared_fd = -1};

    if (kept)
        spare = *kept;
    free(kept);
    return spare;
}

void spare_forget(pgn_runtime *runtime, const pgn_image *image)
{
    discard(take(runtime, image));
}

bool spare_drop(pgn_runtime *runtime)
{
    struct spare *spare = atomic_exchange(&runtime->spare, NULL);

    discard(spare);
    return spare != NULL;
}

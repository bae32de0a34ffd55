/* The spare of a runtime: a place that threads exchange. */
#include "engine/instance/spare.h"

#include <stdlib.h>

#include "engine/instance/image.h"

void spare_close(struct spare *spare)
{
    reservation_close(&spare->memory);
    reservation_close(&spare->arena);
    coroutine_close(spare->coroutine);
    spare->coroutine = NULL;
}

static void discard(struct spare *spare)
{
    if (spare)
        spare_close(spare);
    free(spare);
}

/* NULL where another image's is there, or none. */
static struct spare *take(pgn_runtime *runtime, const pgn_image *image)
{
    struct spare *spare = atomic_exchange(&runtime->spare, NULL), *none = NULL;

    if (!spare || spare->image == image->number)
        return spare;
    if (!atomic_compare_exchange_strong(&runtime->spare, &none, spare))
        discard(spare); /* a newer one has come meanwhile */
    return NULL;
}

bool spare_keep(pgn_runtime *runtime, const pgn_image *image, struct reservation *memory,
                struct reservation *arena, struct coroutine *coroutine)
{
    struct spare *spare = malloc(sizeof *spare);

    if (!spare)
        return false;
    *spare = (struct spare){image->number, *memory, *arena, coroutine};
    *memory = *arena = (struct reservation){0};
    discard(atomic_exchange(&runtime->spare, spare));
    return true;
}

struct spare spare_take(pgn_runtime *runtime, const pgn_image *image)
{
    struct spare *kept = take(runtime, image);
    struct spare spare = {.image = image->number};

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

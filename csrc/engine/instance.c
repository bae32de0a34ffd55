/* The instance: guest memory, globals and arena; pristine, or mapped from an image. */
#include <string.h>

#include "engine/engine.h"
#include "engine/image.h"
#include "platform/world.h"

static bool commit_arena(void *memory, size_t size)
{
    return reservation_commit(memory, size);
}

/* Address space for the arena; nothing is in it yet. */
static enum status open_arena(pgn_engine *engine, struct error *error)
{
    if (!reservation_open(&engine->arena_memory, ENGINE_FILES_MAX))
        return error_set(error, STATUS_NO_MEMORY,
                         "no address space for in-memory files: close engines");
    engine->arena = (struct arena){.base = engine->arena_memory.base,
                                   .limit = engine->arena_memory.limit,
                                   .commit = commit_arena,
                                   .owner = &engine->arena_memory};
    return STATUS_OK;
}

static void set_image(pgn_image **place, pgn_image *image)
{
    if (image)
        image_retain(image);
    image_release(*place);
    *place = image;
}

void instance_set_latest(pgn_engine *engine, pgn_image *image)
{
    set_image(&engine->latest, image);
}

/* --- pristine ----------------------------------------------------------------------------- */

static enum status exempt_bookkeeping(pgn_engine *engine, struct error *error)
{
    return quota_exempt_bookkeeping(engine->vfs)
               ? STATUS_OK
               : error_set(error, STATUS_NO_MEMORY, "no memory for in-memory files: close engines");
}

/* A database in memory that starts from the packaged cluster. */
static enum status open_cluster(pgn_engine *engine, struct error *error)
{
    enum status status;

    if (!engine->runtime->cluster)
        return error_set(error, STATUS_NOT_FOUND, "there is no packaged cluster");
    status = exempt_bookkeeping(engine, error);
    if (status)
        return status;
    return vfs_mount_pack(engine->vfs, ENGINE_DATA_DIR, engine->runtime->cluster, error);
}

static enum status open_files(pgn_engine *engine, struct error *error)
{
    const pgn_options *options = engine->options;
    enum status status;

    if (!arena_init(&engine->arena) || !world_open(&engine->arena))
        return error_set(error, STATUS_NO_MEMORY, "no memory for in-memory files: close engines");
    status = time_start(engine, error); /* before anything else, so that nothing is older */
    if (!status)
        status = vfs_open(&engine->arena, log_write, &engine->log, &engine->vfs, error);
    if (!status)
        status = vfs_mount_pack(engine->vfs, "/", engine->runtime->system, error);
    if (!status && options->data_dir)
        status = data_dir_open(engine, options->data_dir, error);
    else if (!status && options->copy_of)
        status = copy_files(engine, options->copy_of, error);
    else if (!status && options->loads)
        status = exempt_bookkeeping(engine, error);
    else if (!status && !options->initdb_arguments)
        status = open_cluster(engine, error);
    return status;
}

static enum status open_pristine(pgn_engine *engine, struct error *error)
{
    enum status status = open_files(engine, error);

    if (!status)
        status = program_open(engine, engine->runtime->module, ENGINE_VALUE_STACK, &engine_upcalls,
                              &engine->host, error);
    engine->guest = engine->host.guest;
    return status;
}

/* --- from an image ------------------------------------------------------------------------ */

static void describe_parts(pgn_engine *engine, struct image_part parts[IMAGE_REGIONS])
{
    parts[IMAGE_MEMORY].reservation = guest_reservation(engine->guest, &parts[IMAGE_MEMORY].start);
    parts[IMAGE_ARENA] = (struct image_part){&engine->arena_memory, 0};
}

/* What lies around the arena's bytes. Packs are given again in the order of open_files. */
static enum status attach_files(pgn_engine *engine, struct error *error)
{
    enum status status;

    vfs_close(engine->vfs);
    engine->vfs = NULL;
    if (!arena_attach(&engine->arena) || !world_find(&engine->arena))
        return error_set(error, STATUS_IMAGE, "the image's files are damaged");
    status = vfs_attach(&engine->arena, log_write, &engine->log, &engine->vfs, error);
    if (!status)
        status = vfs_mount_pack(engine->vfs, "/", engine->runtime->system, error);
    if (!status && vfs_wants_pack(engine->vfs) && engine->runtime->cluster)
        status = vfs_mount_pack(engine->vfs, ENGINE_DATA_DIR, engine->runtime->cluster, error);
    if (!status && vfs_wants_pack(engine->vfs))
        status = error_set(error, STATUS_NOT_FOUND, "there is no packaged cluster");
    if (!status)
        status = host_attach(&engine->host, &engine->arena, engine->vfs, error);
    return status;
}

/* Brings both regions to the image's content. An instance that was mapped from this very image has it
   again when its own writes are forgotten, which cannot fail for lack of anything. */
static enum status map_regions(pgn_engine *engine, const pgn_image *image, struct error *error)
{
    const struct image_header *header = &image->header;
    struct guest_state state = {.memory_size = header->region_sizes[IMAGE_MEMORY],
                                .global_count = header->global_count};
    struct image_part parts[IMAGE_REGIONS];
    bool same = engine->mapped == image;
    enum status status;

    describe_parts(engine, parts);
    for (enum image_region region = 0; same && region < IMAGE_REGIONS; region++)
        same = reservation_discard(parts[region].reservation);
    for (enum image_region region = 0; !same && region < IMAGE_REGIONS; region++)
        if (!reservation_zero(parts[region].reservation))
            return image_no_map(error);
    memcpy(state.globals, header->globals, sizeof state.globals);
    status = guest_set_state(engine->guest, &state, error);
    if (status)
        return status;
    if (!reservation_commit(&engine->arena_memory, (size_t) header->region_sizes[IMAGE_ARENA]))
        return error_set(error, STATUS_NO_MEMORY, "no memory for in-memory files: close engines");
    return same ? STATUS_OK : image_map(image, parts, error);
}

/* Is the session to be told that it is a copy? Not where its seed is the original's: then it goes on as
   that does. */
static bool wants_waking(const pgn_engine *engine, const pgn_image *image)
{
    bool seeded_anew = engine->options && engine->options->seeded;

    return image->header.asleep || seeded_anew || !world_is_seeded(world_find(&engine->arena));
}

enum status instance_map(pgn_engine *engine, pgn_image *image, struct error *error)
{
    enum status status = map_regions(engine, image, error);

    if (!status)
        status = attach_files(engine, error);
    if (!status && !transport_attach(engine, image->header.control))
        status = error_set(error, STATUS_IMAGE, "the image's handshake is damaged");
    if (!status)
        status = time_start(engine, error);
    if (status)
        return status;
    engine->host.guest = engine->guest;
    engine->host.upcalls = &engine_upcalls;
    engine->host.engine = engine;
    set_image(&engine->mapped, image);
    set_image(&engine->latest, image);
    set_image(&engine->origin, image->header.used ? image->origin : image);
    engine->used = image->header.used;
    engine->checkpointed = 0 - image->header.written; /* the VFS counts from 0 again */
    engine->state = ENGINE_IDLE;
    engine->asleep = wants_waking(engine, image);
    return STATUS_OK;
}

static enum status open_mapped(pgn_engine *engine, struct error *error)
{
    enum status status = guest_open_empty(engine->runtime->module, &engine->host,
                                          ENGINE_VALUE_STACK, &engine->guest, error);

    if (!status)
        status = instance_map(engine, engine->options->image, error);
    if (!status && (engine->options->seeded || engine->options->clock_frozen))
        instance_set_latest(engine, NULL);
    return status;
}

enum status instance_write(pgn_engine *engine, pgn_image **image, struct error *error)
{
    struct image_part parts[IMAGE_REGIONS];
    struct image_header header = {0};
    struct guest_state state;
    struct world *world = world_find(&engine->arena);
    enum status status;

    describe_parts(engine, parts);
    guest_get_state(engine->guest, &state);
    memcpy(header.globals, state.globals, sizeof header.globals);
    header.global_count = state.global_count;
    header.region_sizes[IMAGE_MEMORY] = state.memory_size;
    header.region_sizes[IMAGE_ARENA] = arena_size(&engine->arena);
    header.control = engine->handshake.address;
    header.written = vfs_bytes_written(engine->vfs) - engine->checkpointed;
    header.asleep = engine->asleep;
    header.used = engine->used;
    world_suspend(world);
    status = image_create(engine->runtime, parts, &header, engine->mapped, image, error);
    world_resume(world);
    if (!status && engine->used && engine->origin)
        (*image)->origin = image_retain(engine->origin);
    return status;
}

/* --- both --------------------------------------------------------------------------------- */

bool instance_renew_coroutine(pgn_engine *engine)
{
    coroutine_close(engine->coroutine);
    engine->coroutine = coroutine_open(ENGINE_NATIVE_STACK, session_main, engine);
    return engine->coroutine != NULL;
}

enum status instance_open(pgn_engine *engine, struct error *error)
{
    enum status status = open_arena(engine, error);

    if (!status)
        status = engine->options->image ? open_mapped(engine, error) : open_pristine(engine, error);
    if (status)
        return status;
    if (engine->options->memory_limit)
        vfs_set_quota(engine->vfs, engine->options->memory_limit);
    guest_set_poll(engine->guest, session_poll);
    return instance_renew_coroutine(engine)
               ? STATUS_OK
               : error_set(error, STATUS_NO_MEMORY,
                           "no address space for the engine's stack: close engines");
}

void instance_close(pgn_engine *engine)
{
    backends_forget(engine);
    coroutine_close(engine->coroutine);
    guest_close(engine->guest);
    vfs_close(engine->vfs);
    reservation_close(&engine->arena_memory);
    set_image(&engine->mapped, NULL);
    set_image(&engine->latest, NULL);
    set_image(&engine->origin, NULL);
    engine->coroutine = NULL;
    engine->guest = NULL;
    engine->vfs = NULL;
}

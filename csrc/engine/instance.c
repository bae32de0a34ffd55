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
static enum status open_arena(struct cluster *cluster, struct error *error)
{
    if (!reservation_open(&cluster->arena_memory, ENGINE_FILES_MAX))
        return error_set(error, STATUS_NO_MEMORY,
                         "no address space for in-memory files: close engines");
    cluster->arena = (struct arena){.base = cluster->arena_memory.base,
                                    .limit = cluster->arena_memory.limit,
                                    .commit = commit_arena,
                                    .owner = &cluster->arena_memory};
    return STATUS_OK;
}

static void set_image(pgn_image **place, pgn_image *image)
{
    if (image)
        image_retain(image);
    image_release(*place);
    *place = image;
}

void instance_set_latest(struct cluster *cluster, pgn_image *image)
{
    set_image(&cluster->latest, image);
}

/* --- pristine ----------------------------------------------------------------------------- */

static enum status exempt_bookkeeping(struct cluster *cluster, struct error *error)
{
    return quota_exempt_bookkeeping(cluster->vfs)
               ? STATUS_OK
               : error_set(error, STATUS_NO_MEMORY, "no memory for in-memory files: close engines");
}

/* A database in memory that starts from the packaged cluster. */
static enum status open_cluster(struct cluster *cluster, struct error *error)
{
    enum status status;

    if (!cluster->runtime->cluster)
        return error_set(error, STATUS_NOT_FOUND, "there is no packaged cluster");
    status = exempt_bookkeeping(cluster, error);
    if (status)
        return status;
    return vfs_mount_pack(cluster->vfs, ENGINE_DATA_DIR, cluster->runtime->cluster, error);
}

static enum status open_files(struct cluster *cluster, struct error *error)
{
    const pgn_options *options = cluster->options;
    enum status status;

    if (!arena_init(&cluster->arena) || !world_open(&cluster->arena))
        return error_set(error, STATUS_NO_MEMORY, "no memory for in-memory files: close engines");
    status = time_start(cluster, error); /* before anything else, so that nothing is older */
    if (!status)
        status = vfs_open(&cluster->arena, log_write, &cluster->log, &cluster->vfs, error);
    if (!status)
        status = vfs_mount_pack(cluster->vfs, "/", cluster->runtime->system, error);
    if (!status && options->data_dir)
        status = data_dir_open(cluster, options->data_dir, error);
    else if (!status && options->copy_of)
        status = copy_files(cluster, options->copy_of, error);
    else if (!status && options->loads)
        status = exempt_bookkeeping(cluster, error);
    else if (!status && !options->initdb_arguments)
        status = open_cluster(cluster, error);
    return status;
}

static enum status open_pristine(pgn_session *session, struct error *error)
{
    enum status status = open_files(session->cluster, error);

    if (!status)
        status = program_open(session, session->cluster->runtime->module, ENGINE_VALUE_STACK,
                              &engine_upcalls, &session->host, error);
    session->guest = session->host.guest;
    return status;
}

/* --- from an image ------------------------------------------------------------------------ */

static void describe_parts(pgn_session *session, struct image_part parts[IMAGE_REGIONS])
{
    parts[IMAGE_MEMORY] = image_memory(session->guest);
    parts[IMAGE_MEMORY].shared_fd = session->cluster->shared.fd;
    parts[IMAGE_ARENA] = (struct image_part){.reservation = &session->cluster->arena_memory,
                                             .shared_fd = -1};
}

/* What lies around the arena's bytes. Packs are given again in the order of open_files. */
static enum status attach_files(pgn_session *session, struct error *error)
{
    struct cluster *cluster = session->cluster;
    enum status status;

    vfs_close(cluster->vfs);
    cluster->vfs = NULL;
    if (!arena_attach(&cluster->arena) || !world_find(&cluster->arena))
        return error_set(error, STATUS_IMAGE, "the image's files are damaged");
    status = vfs_attach(&cluster->arena, log_write, &cluster->log, &cluster->vfs, error);
    if (!status)
        status = vfs_mount_pack(cluster->vfs, "/", cluster->runtime->system, error);
    if (!status && vfs_wants_pack(cluster->vfs) && cluster->runtime->cluster)
        status = vfs_mount_pack(cluster->vfs, ENGINE_DATA_DIR, cluster->runtime->cluster, error);
    if (!status && vfs_wants_pack(cluster->vfs))
        status = error_set(error, STATUS_NOT_FOUND, "there is no packaged cluster");
    if (!status)
        status = host_attach(&session->host, &cluster->arena, cluster->vfs, error);
    return status;
}

/* Brings both regions to the image's content. An instance that was mapped from this very image has it
   again when its own writes are forgotten, which cannot fail for lack of anything. */
static enum status map_regions(pgn_session *session, const pgn_image *image, struct error *error)
{
    const struct image_header *header = &image->header;
    struct guest_state state = {.memory_size = header->region_sizes[IMAGE_MEMORY],
                                .global_count = header->global_count};
    struct image_part parts[IMAGE_REGIONS];
    bool same = session->cluster->mapped == image;
    enum status status;

    describe_parts(session, parts);
    for (enum image_region region = 0; same && region < IMAGE_REGIONS; region++)
        same = reservation_discard(parts[region].reservation);
    for (enum image_region region = 0; !same && region < IMAGE_REGIONS; region++)
        if (!reservation_zero(parts[region].reservation))
            return image_no_map(error);
    memcpy(state.globals, header->globals, sizeof state.globals);
    status = guest_set_state(session->guest, &state, error);
    if (status)
        return status;
    if (!reservation_commit(&session->cluster->arena_memory,
                            (size_t) header->region_sizes[IMAGE_ARENA]))
        return error_set(error, STATUS_NO_MEMORY, "no memory for in-memory files: close engines");
    return same ? STATUS_OK : image_map(image, parts, error);
}

/* Is the session to be told that it is a copy? Not where its seed is the original's: then it goes on as
   that does. */
static bool wants_waking(const pgn_session *session, const pgn_image *image)
{
    bool seeded_anew = session->cluster->options && session->cluster->options->seeded;

    return image->header.asleep || seeded_anew
           || !world_is_seeded(world_find(&session->cluster->arena));
}

/* Checked when they come from a file: has_sound_sections in image.c. */
static void read_shared(struct cluster *cluster, const struct image_header *header)
{
    shared_close(cluster);
    cluster->shared.count = (uint32_t) header->shared_count;
    for (uint32_t i = 0; i < cluster->shared.count; i++) {
        cluster->shared.ranges[i].address = header->shared[i][0];
        cluster->shared.ranges[i].size = header->shared[i][1];
    }
}

enum status instance_map(pgn_session *session, pgn_image *image, struct error *error)
{
    enum status status = map_regions(session, image, error);

    if (!status)
        status = attach_files(session, error);
    if (!status && !transport_attach(session, image->header.control))
        status = error_set(error, STATUS_IMAGE, "the image's handshake is damaged");
    if (!status)
        status = time_start(session->cluster, error);
    if (status)
        return status;
    session->host.guest = session->guest;
    session->host.upcalls = &engine_upcalls;
    session->host.engine = session;
    set_image(&session->cluster->mapped, image);
    set_image(&session->cluster->latest, image);
    set_image(&session->cluster->template_session,
              image->header.used ? image->template_session : image);
    set_image(&session->cluster->template_process, image->template_process);
    memcpy(session->cluster->user, image->header.user, IMAGE_NAME_SIZE);
    memcpy(session->cluster->database, image->header.database, IMAGE_NAME_SIZE);
    read_shared(session->cluster, &image->header);
    session->cluster->used = image->header.used;
    session->cluster->checkpointed = 0 - image->header.written; /* the VFS counts from 0 again */
    session_set_state(session, SESSION_IDLE);
    session->asleep = wants_waking(session, image);
    return STATUS_OK;
}

static enum status open_mapped(pgn_session *session, struct error *error)
{
    enum status status = guest_open_empty(session->cluster->runtime->module, &session->host,
                                          ENGINE_VALUE_STACK, &session->guest, error);

    if (!status)
        status = instance_map(session, session->cluster->options->image, error);
    if (!status && (session->cluster->options->seeded || session->cluster->options->clock_frozen))
        instance_set_latest(session->cluster, NULL);
    return status;
}

static void describe_sharing(const struct cluster *cluster, struct image_header *header)
{
    header->shared_count = cluster->shared.count;
    for (uint32_t i = 0; i < cluster->shared.count; i++) {
        header->shared[i][0] = cluster->shared.ranges[i].address;
        header->shared[i][1] = cluster->shared.ranges[i].size;
    }
}

/* Its private memory alone: the rest is the cluster's. */
enum status instance_write_process(pgn_session *session, pgn_image **image, struct error *error)
{
    struct image_part parts[IMAGE_REGIONS];
    struct image_header header = {.control = session->handshake.address};
    struct guest_state state;

    describe_parts(session, parts);
    guest_get_state(session->guest, &state);
    memcpy(header.globals, state.globals, sizeof header.globals);
    header.global_count = state.global_count;
    header.region_sizes[IMAGE_MEMORY] = state.memory_size;
    describe_sharing(session->cluster, &header);
    return image_create(session->cluster->runtime, parts, &header, session->began_as, true, image,
                        error);
}

enum status instance_write(pgn_session *session, pgn_image **image, struct error *error)
{
    struct image_part parts[IMAGE_REGIONS];
    struct image_header header = {0};
    struct guest_state state;
    struct world *world = world_find(&session->cluster->arena);
    enum status status;

    cluster_switch_to(session); /* its descriptors are the ones to be kept */
    describe_parts(session, parts);
    guest_get_state(session->guest, &state);
    memcpy(header.globals, state.globals, sizeof header.globals);
    header.global_count = state.global_count;
    header.region_sizes[IMAGE_MEMORY] = state.memory_size;
    header.region_sizes[IMAGE_ARENA] = arena_size(&session->cluster->arena);
    header.control = session->handshake.address;
    header.written = vfs_bytes_written(session->cluster->vfs) - session->cluster->checkpointed;
    header.asleep = session->asleep;
    header.used = session->cluster->used;
    describe_sharing(session->cluster, &header);
    memcpy(header.user, session->cluster->user, IMAGE_NAME_SIZE);
    memcpy(header.database, session->cluster->database, IMAGE_NAME_SIZE);
    world_suspend(world);
    status = image_create(session->cluster->runtime, parts, &header, session->cluster->mapped,
                          false, image, error);
    world_resume(world);
    if (!status && session->cluster->used && session->cluster->template_session)
        (*image)->template_session = image_retain(session->cluster->template_session);
    if (!status && session->cluster->template_process)
        (*image)->template_process = image_retain(session->cluster->template_process);
    return status;
}

/* --- both --------------------------------------------------------------------------------- */

bool instance_renew_coroutine(pgn_session *session)
{
    coroutine_close(session->coroutine);
    session->coroutine = coroutine_open(ENGINE_NATIVE_STACK, session_main, session);
    return session->coroutine != NULL;
}

enum status instance_open(pgn_session *session, struct error *error)
{
    enum status status = open_arena(session->cluster, error);

    if (!status)
        status = session->cluster->options->image ? open_mapped(session, error)
                                                  : open_pristine(session, error);
    if (status)
        return status;
    if (session->cluster->options->memory_limit)
        vfs_set_quota(session->cluster->vfs, session->cluster->options->memory_limit);
    guest_set_poll(session->guest, session_poll);
    return instance_renew_coroutine(session)
               ? STATUS_OK
               : error_set(error, STATUS_NO_MEMORY,
                           "no address space for the engine's stack: close engines");
}

enum status instance_keep_template(pgn_session *session, struct error *error)
{
    struct cluster *cluster = session->cluster;
    enum status status = instance_write(session, &cluster->latest, error);

    if (!status)
        set_image(&cluster->template_session, cluster->latest);
    return status;
}

/* Other threads poke the guest inside the monitor: from then on they do not find it. */
static struct guest *take_guest(pgn_session *session)
{
    struct guest *guest;

    monitor_enter(session->cluster->monitor);
    guest = session->guest;
    session->guest = NULL;
    monitor_leave(session->cluster->monitor);
    return guest;
}

void instance_close(pgn_session *session)
{
    coroutine_close(session->coroutine);
    session->coroutine = NULL;
    guest_close(take_guest(session));
}

void cluster_close_files(struct cluster *cluster)
{
    vfs_close(cluster->vfs);
    cluster->vfs = NULL;
    reservation_close(&cluster->arena_memory);
    shared_close(cluster);
    set_image(&cluster->mapped, NULL);
    set_image(&cluster->latest, NULL);
    set_image(&cluster->template_session, NULL);
    set_image(&cluster->template_process, NULL);
}

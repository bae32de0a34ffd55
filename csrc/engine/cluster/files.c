/* A cluster's files: pristine, or in the arena of an image. */
#include "engine/cluster/files.h"

#include "engine/cluster/cluster.h"
#include "engine/cluster/data_directory.h"
#include "engine/instance/file_memory.h"
#include "engine/instance/limits.h"
#include "engine/instance/quota.h"
#include "engine/instance/time.h"
#include "platform/random_source.h"
#include "platform/virtual_clock.h"

/* What an engine of the same image has left behind. */
static void take_spare(struct cluster *cluster, pgn_image *image)
{
    cluster->spare = spare_take(cluster->runtime, image);
    if (!cluster->spare.arena.base)
        return;
    cluster->arena_memory = cluster->spare.arena;
    cluster->spare.arena = (struct reservation){0};
    image_replace(&cluster->mapped, image);
    cluster->shared.fd = cluster->spare.shared_fd;
    cluster->spare.shared_fd = -1;
    cluster->is_spare = true;
}

static enum status open_memory(struct cluster *cluster, struct error *error)
{
    size_t limit = reservation_at_most(ENGINE_FILES_MAX, ENGINE_FILES_PART);

    return file_memory_open(&cluster->arena_memory, limit, &cluster->arena, error);
}

/* Nothing is in it yet, unless it was a spare's. */
static enum status open_arena(struct cluster *cluster, struct error *error)
{
    enum status status;

    if (cluster->options->image)
        take_spare(cluster, cluster->options->image);
    status = open_memory(cluster, error);
    if (status && spare_drop(cluster->runtime))
        status = open_memory(cluster, error);
    return status;
}

/* A database in memory that starts from the packaged cluster. */
static enum status open_cluster(struct cluster *cluster, struct error *error)
{
    enum status status;

    if (!cluster->runtime->cluster)
        return error_set(error, STATUS_NOT_FOUND, "there is no packaged cluster");
    status = quota_exempt_bookkeeping(cluster->vfs, error);
    if (status)
        return status;
    return vfs_mount_pack(cluster->vfs, ENGINE_DATA_DIR, cluster->runtime->cluster, error);
}

enum status cluster_open_files(struct cluster *cluster, struct error *error)
{
    const pgn_options *options = cluster->options;
    enum status status = open_arena(cluster, error);

    if (status || options->image)
        return status;
    if (!arena_init(&cluster->arena) || !virtual_clock_open(&cluster->arena)
        || !random_source_open(&cluster->arena))
        return no_memory_for(error, "in-memory files");
    status = time_start(&cluster->arena, options,
                        error); /* before anything else, so that nothing is older */
    if (!status)
        status = vfs_open(&cluster->arena, log_write, &cluster->log, &cluster->vfs, error);
    if (!status)
        status = vfs_mount_pack(cluster->vfs, "/", cluster->runtime->system, error);
    if (!status && options->data_dir)
        status = data_dir_open(cluster, options->data_dir, error);
    else if (!status && (options->copy_of || options->loads))
        status = quota_exempt_bookkeeping(cluster->vfs, error);
    else if (!status && !options->initdb_arguments)
        status = open_cluster(cluster, error);
    return status;
}

void cluster_detach_files(struct cluster *cluster)
{
    vfs_close(cluster->vfs);
    cluster->vfs = NULL;
}

/* What lies around the arena's bytes. Packs are given again in the order of cluster_open_files. */
enum status cluster_attach_files(struct cluster *cluster, struct error *error)
{
    enum status status;

    cluster_detach_files(cluster);
    if (!arena_attach(&cluster->arena) || !virtual_clock_find(&cluster->arena)
        || !random_source_find(&cluster->arena))
        return error_set(error, STATUS_IMAGE, "the image's files are damaged");
    status = vfs_attach(&cluster->arena, log_write, &cluster->log, &cluster->vfs, error);
    if (!status)
        status = vfs_mount_pack(cluster->vfs, "/", cluster->runtime->system, error);
    if (!status && vfs_wants_pack(cluster->vfs) && cluster->runtime->cluster)
        status = vfs_mount_pack(cluster->vfs, ENGINE_DATA_DIR, cluster->runtime->cluster, error);
    if (!status && vfs_wants_pack(cluster->vfs))
        status = error_set(error, STATUS_NOT_FOUND, "there is no packaged cluster");
    return status;
}

void cluster_close_files(struct cluster *cluster)
{
    cluster_detach_files(cluster);
    reservation_close(&cluster->arena_memory);
    spare_close(&cluster->spare);
    shared_close(cluster);
    image_replace(&cluster->mapped, NULL);
    image_replace(&cluster->latest, NULL);
    image_replace(&cluster->template_session, NULL);
    image_replace(&cluster->template_process, NULL);
}

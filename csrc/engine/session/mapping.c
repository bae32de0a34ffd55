/* A session's instance: pristine, or mapped from an image; and written into one. */
#include "engine/session/mapping.h"

#include <string.h>

#include "engine/cluster/cluster.h"
#include "engine/cluster/files.h"
#include "engine/instance/limits.h"
#include "engine/instance/program.h"
#include "engine/instance/put_back.h"
#include "engine/instance/time.h"
#include "engine/session/main_loop.h"
#include "engine/session/transport.h"
#include "platform/random_source.h"
#include "platform/virtual_clock.h"

/* --- pristine ----------------------------------------------------------------------------- */

static enum status open_pristine(pgn_session *session, struct error *error)
{
    struct cluster *cluster = session->cluster;
    struct host *host = &session->instance.host;
    enum status status = program_open(&cluster->runtime->module_file, cluster->runtime->module,
                                      ENGINE_VALUE_STACK, &cluster->arena, cluster->vfs, NULL, host,
                                      error);

    host->upcalls = &engine_upcalls;
    host->engine = session;
    session->instance.guest = host->guest;
    return status;
}

/* --- from an image ------------------------------------------------------------------------ */

static void describe_parts(struct cluster *cluster, struct guest *guest,
                           struct image_part parts[IMAGE_REGIONS])
{
    parts[IMAGE_MEMORY] = image_memory(guest);
    parts[IMAGE_MEMORY].shared_fd = cluster->shared.fd;
    parts[IMAGE_ARENA] = (struct image_part){.reservation = &cluster->arena_memory,
                                             .arena = &cluster->arena,
                                             .shared_fd = -1};
}

/* Brings both regions to the image's content. An instance that was mapped from this very image has it
   again when its own writes are forgotten, which cannot fail for lack of anything. (A spare's arena may be here without
   the spare's memory, where that could not be opened.) */
static enum status map_regions(pgn_session *session, const pgn_image *image, struct error *error)
{
    struct image_part parts[IMAGE_REGIONS];
    bool is_spare = session->cluster->is_spare;
    bool same;
    enum status status;

    describe_parts(session->cluster, session->instance.guest, parts);
    same = session->cluster->mapped == image && parts[IMAGE_MEMORY].reservation->mapped > 0
           && (is_spare || !parts[IMAGE_MEMORY].reservation->shared);
    session->cluster->is_spare = false;
    if (same && !is_spare && !put_back(image, parts))
        for (enum image_region region = 0; same && region < IMAGE_REGIONS; region++)
            same = reservation_discard(parts[region].reservation);
    if (!same) { /* until all of it is mapped: should that fail, no image's content is here */
        image_replace(&session->cluster->mapped, NULL);
        shared_close(session->cluster);
    }
    for (enum image_region region = 0; !same && region < IMAGE_REGIONS; region++)
        if (!reservation_zero(parts[region].reservation))
            return image_no_map(error);
    status = instance_set_state(&session->instance, &image->header, error);
    if (status)
        return status;
    if (!reservation_commit(&session->cluster->arena_memory,
                            (size_t) image->header.region_sizes[IMAGE_ARENA]))
        return no_memory_for(error, "in-memory files");
    status = same ? STATUS_OK : image_map(image, parts, error);
    if (status && spare_drop(session->cluster->runtime))
        status = image_map(image, parts, error);
    return status;
}

/* Is the session to be told that it is a copy? Not where it has the original's seed: both then draw the same random
   numbers. */
static bool needs_reseeding(const pgn_session *session, const pgn_image *image)
{
    bool seeded_anew = session->cluster->options && session->cluster->options->seeded;

    return image->header.needs_reseeding || seeded_anew
           || !random_source_is_seeded(random_source_find(&session->cluster->arena));
}

enum status session_map_image(pgn_session *session, pgn_image *image, struct error *error)
{
    struct cluster *cluster = session->cluster;
    struct instance *instance = &session->instance;
    enum status status = map_regions(session, image, error);

    if (!status)
        status = cluster_attach_files(cluster, error);
    if (!status)
        status = host_attach(&instance->host, &cluster->arena, cluster->vfs, error);
    if (!status)
        status = instance_attach(instance, &image->header, &engine_upcalls, session, error);
    if (!status)
        status = time_start(&cluster->arena, cluster->options, error);
    if (status)
        return status;
    image_replace(&cluster->mapped, image);
    image_replace(&cluster->latest, image);
    image_replace(&cluster->template_session, image->header.used ? image->template_session : image);
    image_replace(&cluster->template_process, image->template_process);
    memcpy(cluster->user, image->header.user, IMAGE_NAME_SIZE);
    memcpy(cluster->database, image->header.database, IMAGE_NAME_SIZE);
    shared_read_image(cluster, &image->header);
    cluster->used = image->header.used;
    cluster->checkpointed = 0 - image->header.written; /* the VFS counts from 0 again */
    session_set_state(session, SESSION_IDLE);
    session->needs_reseeding = needs_reseeding(session, image);
    return STATUS_OK;
}

static enum status open_mapped(pgn_session *session, struct error *error)
{
    enum status status = instance_open_empty(&session->instance, session->cluster->runtime,
                                             &session->cluster->spare.memory, error);

    if (!status)
        status = session_map_image(session, session->cluster->options->image, error);
    if (!status && (session->cluster->options->seeded || session->cluster->options->clock_frozen))
        cluster_set_latest(session->cluster, NULL);
    return status;
}

/* Its private memory alone: the rest is the cluster's. */
enum status session_write_process(pgn_session *session, pgn_image **image, struct error *error)
{
    struct image_part parts[IMAGE_REGIONS];
    struct image_header header = {0};

    describe_parts(session->cluster, session->instance.guest, parts);
    instance_describe(&session->instance, &header);
    shared_describe(session->cluster, &header);
    return image_create(session->cluster->runtime, parts, &header, session->instance.began_as, true,
                        image, error);
}

enum status session_write_image(pgn_session *session, pgn_image **image, struct error *error)
{
    struct image_part parts[IMAGE_REGIONS];
    struct image_header header = {0};
    struct virtual_clock *clock = virtual_clock_find(&session->cluster->arena);
    enum status status;

    cluster_switch_to(session); /* its descriptors are the ones to be kept */
    describe_parts(session->cluster, session->instance.guest, parts);
    instance_describe(&session->instance, &header);
    header.region_sizes[IMAGE_ARENA] = arena_size(&session->cluster->arena);
    header.written = vfs_bytes_written(session->cluster->vfs) - session->cluster->checkpointed;
    header.needs_reseeding = session->needs_reseeding;
    header.used = session->cluster->used;
    shared_describe(session->cluster, &header);
    memcpy(header.user, session->cluster->user, IMAGE_NAME_SIZE);
    memcpy(header.database, session->cluster->database, IMAGE_NAME_SIZE);
    virtual_clock_suspend(clock);
    status = image_create(session->cluster->runtime, parts, &header, session->cluster->mapped,
                          false, image, error);
    virtual_clock_resume(clock);
    if (!status && session->cluster->used && session->cluster->template_session)
        (*image)->template_session = image_retain(session->cluster->template_session);
    if (!status && session->cluster->template_process)
        (*image)->template_process = image_retain(session->cluster->template_process);
    return status;
}

/* --- both --------------------------------------------------------------------------------- */

static struct coroutine *open_coroutine(pgn_session *session)
{
    return coroutine_open(ENGINE_NATIVE_STACK, session_main, session);
}

bool session_renew_coroutine(pgn_session *session)
{
    struct instance *instance = &session->instance;

    coroutine_close(instance->coroutine);
    instance->coroutine = open_coroutine(session);
    if (!instance->coroutine && spare_drop(session->cluster->runtime))
        instance->coroutine = open_coroutine(session);
    return instance->coroutine != NULL;
}

static bool begin_coroutine(pgn_session *session)
{
    struct coroutine *spare = session->cluster->spare.coroutine;

    if (!spare)
        return session_renew_coroutine(session);
    coroutine_restart(spare, session_main, session);
    session->instance.coroutine = spare;
    session->cluster->spare.coroutine = NULL;
    return true;
}

/* Where address space is limited, half of what there is for files is left to those that are exempt: quota.c. */
static void limit_files(struct cluster *cluster)
{
    uint64_t quota = cluster->options->memory_limit, room = cluster->arena.limit;

    if (!quota)
        quota = vfs_quota(cluster->vfs); /* an image's */
    if (room < ENGINE_FILES_MAX && quota > room / 2)
        quota = room / 2;
    vfs_set_quota(cluster->vfs, quota);
}

enum status session_open_instance(pgn_session *session, struct error *error)
{
    enum status status = session->cluster->options->image ? open_mapped(session, error)
                                                          : open_pristine(session, error);

    if (status)
        return status;
    limit_files(session->cluster);
    guest_set_poll(session->instance.guest, session_poll);
    return begin_coroutine(session)
               ? STATUS_OK
               : error_set(error, STATUS_NO_MEMORY,
                           "no address space for the engine's stack: close engines");
}

enum status session_write_template(pgn_session *session, struct error *error)
{
    struct cluster *cluster = session->cluster;
    enum status status = session_write_image(session, &cluster->latest, error);

    if (!status)
        image_replace(&cluster->template_session, cluster->latest);
    return status;
}

/* Other threads poke the guest inside the monitor: from then on they do not find it. */
static struct guest *take_guest(pgn_session *session)
{
    struct guest *guest;

    monitor_enter(session->cluster->monitor);
    guest = session->instance.guest;
    session->instance.guest = NULL;
    monitor_leave(session->cluster->monitor);
    return guest;
}

void session_close_instance(pgn_session *session)
{
    coroutine_close(session->instance.coroutine);
    session->instance.coroutine = NULL;
    guest_close(take_guest(session));
}

/* False: it is not to be used again; nor is shared memory that is a file for no other's sake. */
static bool keep_memory(struct cluster *cluster, struct guest *guest, struct coroutine *coroutine)
{
    struct image_part parts[IMAGE_REGIONS];

    if (!guest || !coroutine || !cluster->mapped
        || (cluster->shared.fd >= 0 && !cluster_had_others(cluster)))
        return false;
    describe_parts(cluster, guest, parts);
    if (!put_back(cluster->mapped, parts)
        || !spare_keep(cluster->runtime, cluster->mapped, parts[IMAGE_MEMORY].reservation,
                       parts[IMAGE_ARENA].reservation, coroutine, cluster->shared.fd))
        return false;
    cluster->shared.fd = -1;
    return true;
}

void session_close_files(pgn_session *session)
{
    struct guest *guest = take_guest(session);
    struct coroutine *coroutine = session->instance.coroutine;

    session->instance.coroutine = NULL;
    cluster_detach_files(session->cluster);
    if (!keep_memory(session->cluster, guest, coroutine))
        coroutine_close(coroutine);
    guest_close(guest);
    cluster_close_files(session->cluster);
}

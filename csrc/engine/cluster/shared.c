/* Shared memory: the ranges of guest memory that all sessions of a cluster have in common. */
#include "engine/cluster/shared.h"

#include <stdlib.h>
#include <string.h>

#include "engine/cluster/cluster.h"
#include "engine/instance/limits.h"
#include "platform/files.h"
#include "platform/memory_file.h"

enum { /* PGliteShared of csrc/polling/shared.h */
       UNIT = 65536,
       COUNT_AT = 4,
       RANGES_AT = 8,
       RANGE_SIZE = 8
};

static int compare(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *) a, right = *(const uint32_t *) b;

    return (left > right) - (left < right);
}

bool shared_read(struct cluster *cluster, struct guest *guest, uint32_t address)
{
    struct shared_memory *shared = &cluster->shared;
    const uint8_t *at = guest_at(guest, address, RANGES_AT + SHARED_RANGES_MAX * RANGE_SIZE);
    uint64_t end = 0;

    if (!at || load_u32(at) != UNIT || load_u32(at + COUNT_AT) > SHARED_RANGES_MAX)
        return false;
    shared->count = load_u32(at + COUNT_AT);
    memcpy(shared->ranges, at + RANGES_AT, shared->count * sizeof *shared->ranges);
    qsort(shared->ranges, shared->count, sizeof *shared->ranges, compare);
    for (uint32_t i = 0; i < shared->count; i++) {
        uint32_t address = shared->ranges[i].address, size = shared->ranges[i].size;

        if (address % UNIT || size % UNIT || address < end || !guest_at(guest, address, size))
            return false;
        end = (uint64_t) address + size;
    }
    return true;
}

/* The file has the ranges at their addresses; what lies between them is a hole. */
static int write_ranges(const struct cluster *cluster, int fd)
{
    const struct shared_memory *shared = &cluster->shared;
    struct guest *guest = cluster->first->instance.guest;
    struct image_part memory = image_memory(guest);
    int64_t result = files_truncate(fd, guest_memory_size(guest));

    for (uint32_t i = 0; i < shared->count && result >= 0; i++)
        result = image_write_range(cluster->mapped, IMAGE_MEMORY, &memory,
                                   shared->ranges[i].address, shared->ranges[i].size, fd);
    return result < 0 ? (int) result : 0;
}

/* How many there are, unless one cannot be mapped. */
static uint32_t map_ranges(const struct cluster *cluster, int fd, struct guest *guest)
{
    const struct shared_memory *shared = &cluster->shared;
    size_t start;
    struct reservation *memory = guest_reservation(guest, &start);
    uint32_t done = 0;

    while (done < shared->count
           && reservation_share(memory, start + shared->ranges[done].address,
                                shared->ranges[done].size, fd, shared->ranges[done].address))
        done++;
    return done;
}

enum status shared_publish(struct cluster *cluster, struct error *error)
{
    uint32_t mapped = 0;
    bool written;
    int fd;

    if (cluster->shared.fd >= 0)
        return STATUS_OK;
    fd = memory_file_open();
    if (fd < 0)
        return no_memory_file_for(error, "a session", fd);
    monitor_enter(cluster->monitor); /* which others hold who write to it: pgn_cancel */
    written = write_ranges(cluster, fd) == 0;
    if (written)
        mapped = map_ranges(cluster, fd, cluster->first->instance.guest);
    monitor_leave(cluster->monitor);
    if (!written || mapped == 0) { /* nothing has changed */
        files_close(fd);
        return no_memory_for(error, "a session");
    }
    if (mapped < cluster->shared.count) {
        /* A part is shared by a file that no other session will have. */
        struct error failure;

        files_close(fd);
        error_set(&failure, STATUS_POISONED,
                  "cannot share memory: the process has too many memory maps (Linux: "
                  "vm.max_map_count)");
        cluster_fail(cluster, &failure);
        *error = failure;
        return error->status;
    }
    cluster->shared.fd = fd;
    return STATUS_OK;
}

/* The template's pages where nothing is shared. */
static bool map_private(const struct shared_memory *shared, const pgn_image *image,
                        struct image_part *part)
{
    uint64_t from = 0;
    bool done = true;

    for (uint32_t i = 0; i <= shared->count && done; i++) {
        uint64_t to = i < shared->count ? shared->ranges[i].address : UINT64_MAX;

        done = image_map_range(image, IMAGE_MEMORY, part, from, to);
        if (i < shared->count)
            from = to + shared->ranges[i].size;
    }
    return done;
}

enum status shared_map(const struct cluster *cluster, struct instance *instance,
                       const pgn_image *private_memory, struct error *error)
{
    enum status status = instance_set_state(instance, &private_memory->header, error);
    struct image_part part;

    if (status)
        return status;
    part = image_memory(instance->guest);
    if (!map_private(&cluster->shared, private_memory, &part)
        || map_ranges(cluster, cluster->shared.fd, instance->guest) < cluster->shared.count)
        return no_memory_for(error, "a session");
    instance->began_as = private_memory;
    return STATUS_OK;
}

/* Checked when they come from a file: has_sound_sharing in image.c. */
void shared_read_image(struct cluster *cluster, const struct image_header *header)
{
    struct shared_memory *shared = &cluster->shared;

    shared->count = (uint32_t) header->shared_count;
    for (uint32_t i = 0; i < shared->count; i++) {
        shared->ranges[i].address = header->shared[i][0];
        shared->ranges[i].size = header->shared[i][1];
    }
}

void shared_describe(const struct cluster *cluster, struct image_header *header)
{
    const struct shared_memory *shared = &cluster->shared;

    header->shared_count = shared->count;
    for (uint32_t i = 0; i < shared->count; i++) {
        header->shared[i][0] = shared->ranges[i].address;
        header->shared[i][1] = shared->ranges[i].size;
    }
}

void shared_close(struct cluster *cluster)
{
    if (cluster->shared.fd >= 0)
        files_close(cluster->shared.fd);
    cluster->shared.fd = -1;
}

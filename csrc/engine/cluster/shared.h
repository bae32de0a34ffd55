/* Shared memory: the ranges of guest memory that all sessions of a cluster have in common. */
#ifndef PGN_ENGINE_SHARED_H
#define PGN_ENGINE_SHARED_H

#include "engine/instance/image.h"
#include "engine/instance/instance.h"

struct cluster;

/* The memory that all sessions see: ranges of guest memory at the same addresses. While there is one session
   they are pages of its own; from the second on they are one file in memory, mapped into all. (A spare's are one
   already.) */
struct shared_memory {
    uint32_t count;
    struct {
        uint32_t address, size;
    } ranges[SHARED_RANGES_MAX]; /* ascending, whole units of 64 KiB */
    int fd;                      /* -1: they are the first session's pages */
};

/* What the guest says it shares, at that address; false: it makes no sense. */
bool shared_read(struct cluster *cluster, struct guest *guest, uint32_t address);

/* The same as an image has it, and the other way round. */
void shared_read_image(struct cluster *cluster, const struct image_header *header);
void shared_describe(const struct cluster *cluster, struct image_header *header);

/* The first session's shared memory becomes a file that others can map. With the baton. */
enum status shared_publish(struct cluster *cluster, struct error *error);

/* Maps it into an instance, and the private memory of a template around it. */
enum status shared_map(const struct cluster *cluster, struct instance *instance,
                       const pgn_image *private_memory, struct error *error);
void shared_close(struct cluster *cluster);

#endif

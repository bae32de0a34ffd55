/* An instance: one guest with what surrounds it, but for the files, which it has in common with others. */
#ifndef PGN_ENGINE_INSTANCE_H
#define PGN_ENGINE_INSTANCE_H

#include "engine/instance/handshake.h"
#include "engine/instance/image.h"
#include "engine/instance/runtime.h"
#include "host/host.h"
#include "platform/coroutine.h"

struct instance {
    struct host host;
    struct guest *guest;
    struct coroutine *coroutine; /* that all of the guest's code runs on */
    struct handshake handshake;
    const pgn_image *began_as; /* what its private memory is mapped from, which the cluster keeps */
};

/* A guest without memory, which instance_set_state gives it. range: as guest_open_empty has it. */
enum status instance_open_empty(struct instance *instance, pgn_runtime *runtime,
                                struct reservation *range, struct error *error);

/* Size and globals as an image has them. The memory's bytes are laid over it by the caller. */
enum status instance_set_state(struct instance *instance, const struct image_header *header,
                               struct error *error);

/* The same the other way round, and where the handshake is. */
void instance_describe(const struct instance *instance, struct image_header *header);

/* Once the memory's bytes are there: finds the handshake in it, and has the host serve this guest. */
enum status instance_attach(struct instance *instance, const struct image_header *header,
                            const struct host_upcalls *upcalls, void *engine, struct error *error);

#endif

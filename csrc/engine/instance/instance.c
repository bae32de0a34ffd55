/* Instances: their beginning, and their state as an image's header has it. */
#include "engine/instance/instance.h"

#include <string.h>

#include "engine/instance/limits.h"
#include "engine/instance/spare.h"

enum status instance_open_empty(struct instance *instance, pgn_runtime *runtime,
                                struct reservation *range, struct error *error)
{
    enum status status = guest_open_empty(runtime->module, &instance->host, ENGINE_VALUE_STACK,
                                          range, &instance->guest, error);

    if (status == STATUS_NO_MEMORY && spare_drop(runtime))
        status = guest_open_empty(runtime->module, &instance->host, ENGINE_VALUE_STACK, range,
                                  &instance->guest, error);
    return status;
}

enum status instance_set_state(struct instance *instance, const struct image_header *header,
                               struct error *error)
{
    struct guest_state state = {.memory_size = header->region_sizes[IMAGE_MEMORY],
                                .global_count = header->global_count};

    memcpy(state.globals, header->globals, sizeof state.globals);
    return guest_set_state(instance->guest, &state, error);
}

void instance_describe(const struct instance *instance, struct image_header *header)
{
    struct guest_state state;

    guest_get_state(instance->guest, &state);
    memcpy(header->globals, state.globals, sizeof header->globals);
    header->global_count = state.global_count;
    header->region_sizes[IMAGE_MEMORY] = state.memory_size;
    header->control = instance->handshake.address;
}

enum status instance_attach(struct instance *instance, const struct image_header *header,
                            const struct host_upcalls *upcalls, void *engine, struct error *error)
{
    if (!handshake_attach(&instance->handshake, instance->guest, header->control))
        return error_set(error, STATUS_IMAGE, "the image's handshake is damaged");
    instance->host.guest = instance->guest;
    instance->host.upcalls = upcalls;
    instance->host.engine = engine;
    return STATUS_OK;
}

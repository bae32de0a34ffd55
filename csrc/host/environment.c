/* The environment, as host_open was given it. */
#include "host/abi.h"
#include "host/imports.h"

/* environ_sizes_get(count *, bytes *) */
enum guest_outcome environment_sizes_get(struct guest_call *call)
{
    const struct host_state *state = host_state(host_of(call));
    void *count = arg_at(call, 0, sizeof(uint32_t));
    void *bytes = arg_at(call, 1, sizeof(uint32_t));

    if (!count || !bytes)
        return return_wasi(call, -GE_FAULT);
    store_u32(count, state->environment_count);
    store_u32(bytes, state->environment_bytes);
    return return_wasi(call, 0);
}

/* environ_get(char **pointers, char *strings): as many and as long as environ_sizes_get said. */
enum guest_outcome environment_get(struct guest_call *call)
{
    const struct host *host = host_of(call);
    const struct host_state *state = host_state(host);
    unsigned char *pointers = arg_at(call, 0, (uint64_t) state->environment_count * 4);
    char *strings = arg_at(call, 1, state->environment_bytes);
    uint32_t address = arg_u32(call, 1);

    if (!pointers || !strings)
        return return_wasi(call, -GE_FAULT);
    if (state->environment_count == 0)
        return return_wasi(call, 0);
    memcpy(strings, arena_at(host->arena, state->environment), state->environment_bytes);
    for (uint32_t i = 0; i < state->environment_count; i++) {
        size_t size = strlen(strings) + 1;
        store_u32(pointers + i * 4, address);
        address += (uint32_t) size;
        strings += size;
    }
    return return_wasi(call, 0);
}

/* Entropy. */
#include "host/abi.h"
#include "host/imports.h"
#include "platform/random_source.h"

enum guest_outcome random_get(struct guest_call *call)
{
    uint32_t size = arg_u32(call, 1);
    void *bytes = arg_at(call, 0, size);

    if (!bytes)
        return return_wasi(call, -GE_FAULT);
    return return_wasi(call,
                       random_source_fill(random_source_find(host_of(call)->arena), bytes, size)
                           ? 0
                           : -GE_IO);
}

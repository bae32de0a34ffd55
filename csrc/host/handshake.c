/* The client's bytes: docs/HANDSHAKE.md. The engine has the other end. */
#include "host/abi.h"
#include "host/imports.h"

enum guest_outcome handshake_wait(struct guest_call *call)
{
    const struct host *host = host_of(call);
    uint32_t reason = arg_u32(call, 0);

    if (reason != HOST_WAIT_INPUT && reason != HOST_WAIT_OUTPUT)
        return guest_set_trap(call->guest, "pglite_host_wait for an unknown reason");

    int result;
    enum guest_outcome outcome = host->upcalls->wait(host->engine, (enum host_wait_reason) reason,
                                                     &result);
    return outcome == GUEST_RETURNED ? return_i32(call, result) : outcome;
}

/* A length beyond INT32_MAX could not be told apart from an error in the result. */
static void *transfer_at(const struct guest_call *call, uint32_t size)
{
    return size <= INT32_MAX ? arg_at(call, 0, size) : NULL;
}

enum guest_outcome handshake_receive(struct guest_call *call)
{
    const struct host *host = host_of(call);
    uint32_t size = arg_u32(call, 1);
    void *bytes = transfer_at(call, size);

    if (!bytes)
        return return_i32(call, -GE_FAULT);

    int64_t result;
    enum guest_outcome outcome = host->upcalls->receive(host->engine, bytes, size, &result);
    return outcome == GUEST_RETURNED ? return_i32(call, (int32_t) result) : outcome;
}

enum guest_outcome handshake_send(struct guest_call *call)
{
    const struct host *host = host_of(call);
    uint32_t size = arg_u32(call, 1);
    const void *bytes = transfer_at(call, size);

    if (!bytes)
        return return_i32(call, -GE_FAULT);
    return return_i32(call, (int32_t) host->upcalls->send(host->engine, bytes, size));
}

/* Sockets, all refused: this host has no network, and the client's bytes come another way
 * (handshake.c). The numbers are those of a POSIX system built without networking: no address
 * family is supported, hence no descriptor is ever a socket. Upstream would open WebSockets here.
 */
#include "host/abi.h"
#include "host/imports.h"

enum guest_outcome socket_create(struct guest_call *call)
{
    return return_i32(call, -GE_AFNOSUPPORT);
}

enum guest_outcome socket_refuse(struct guest_call *call)
{
    int flags = vfs_flags(vfs_of(call), arg_i32(call, 0));

    return return_i32(call, flags < 0 ? flags : -GE_NOTSOCK);
}

/* Choosing the transport, and the callback transport itself: a recv or send is one import. */
#include "pglite-comm.h"

/* Exported by PGlite's module: stores the two table indices its recv and send call through. The
 * address of a C function is its table index, so no function has to be made at run time. */
void pgl_set_rw_cbs(PGliteRead read, PGliteWrite write);

/* The host moves up to `length` bytes and returns how many; 0 is end of file; negative is -errno. */
GUEST_IMPORT(pglite_recv) ssize_t pglite_host_recv(void *bytes, size_t length);
GUEST_IMPORT(pglite_send) ssize_t pglite_host_send(const void *bytes, size_t length);

static ssize_t result_or_errno(ssize_t host_result)
{
    if (host_result >= 0)
        return host_result;
    errno = (int) -host_result;
    return -1;
}

static ssize_t callback_read(void *bytes, size_t max_length)
{
    return result_or_errno(pglite_host_recv(bytes, max_length));
}

static ssize_t callback_write(const void *bytes, size_t length)
{
    return result_or_errno(pglite_host_send(bytes, length));
}

int pglite_transport_install(int transport)
{
    switch (transport) {
#ifdef PGLITE_USE_POLLING
    case PGLITE_TRANSPORT_POLLING:
        if (pglite_polling_prepare() != 0)
            return -1;
        pgl_set_rw_cbs(pglite_polling_read, pglite_polling_write);
        return 0;
#endif
    case PGLITE_TRANSPORT_CALLBACK:
        pgl_set_rw_cbs(callback_read, callback_write);
        return 0;
    default:
        return -1;
    }
}

/* A build without PGLITE_USE_POLLING has the callback transport and no other. */
#include "check.h"
#include "pglite-comm.h"

static PGliteRead backend_read;
static PGliteWrite backend_write;

void pgl_set_rw_cbs(PGliteRead read, PGliteWrite write);

void pgl_set_rw_cbs(PGliteRead read, PGliteWrite write)
{
    backend_read = read;
    backend_write = write;
}

ssize_t pglite_host_recv(void *bytes, size_t length)
{
    memset(bytes, 'r', length);
    return (ssize_t) length;
}

ssize_t pglite_host_send(const void *bytes, size_t length)
{
    (void) bytes;
    (void) length;
    return -EPIPE;
}

int main(void)
{
    char bytes[3] = {0};

    CHECK_INT(-1, pglite_transport_install(PGLITE_TRANSPORT_POLLING));
    CHECK_INT(true, backend_read == NULL);
    CHECK_INT(0, pglite_transport_install(PGLITE_TRANSPORT_CALLBACK));
    CHECK_INT(2, backend_read(bytes, 2));
    CHECK_TEXT("rr", bytes);
    CHECK_INT(-1, backend_write(bytes, 2));
    CHECK_INT(EPIPE, errno);
    puts("ok");
    return 0;
}

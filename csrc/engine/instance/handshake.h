/* The two buffers and the control block that host and guest share: docs/HANDSHAKE.md. */
#ifndef PGN_ENGINE_HANDSHAKE_H
#define PGN_ENGINE_HANDSHAKE_H

#include "guest/guest.h"

enum { /* PGliteBuffer; the names are those of docs/HANDSHAKE.md */
       BUFFER_STATUS = 0,
       BUFFER_LENGTH = 4,
       BUFFER_DATA = 8,
       BUFFER_EMPTY = 0,
       BUFFER_READY = 1
};

/* The guest's end. Addresses are guest memory's, checked once. */
struct handshake {
    uint8_t *control;
    uint8_t *input, *output; /* PGliteBuffer */
    uint32_t buffer_size;
    uint32_t address; /* of the control block */
    bool polling;     /* false: the callback transport, and the pointers are NULL */
};

/* Of a guest that has it at that address, 0: it has none. False when it cannot be one. */
bool handshake_attach(struct handshake *handshake, struct guest *guest, uint32_t control);

#endif

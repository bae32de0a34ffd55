/* Finding the guest's end of the handshake. */
#include "engine/instance/handshake.h"

enum { /* PGliteControl */
       CONTROL_SIZE = 64,
       CONTROL_MAGIC_AT = 0,
       CONTROL_MAGIC = 0x434C4750,
       CONTROL_VERSION_AT = 4,
       CONTROL_VERSION = 1,
       CONTROL_BUFFER_SIZE_AT = 8,
       CONTROL_INPUT_AT = 12,
       CONTROL_OUTPUT_AT = 16
};

bool handshake_attach(struct handshake *handshake, struct guest *guest, uint32_t control)
{
    *handshake = (struct handshake){.polling = control != 0, .address = control};
    if (!handshake->polling)
        return true;
    handshake->control = guest_at(guest, control, CONTROL_SIZE);
    if (!handshake->control || load_u32(handshake->control + CONTROL_MAGIC_AT) != CONTROL_MAGIC
        || load_u32(handshake->control + CONTROL_VERSION_AT) != CONTROL_VERSION)
        return false;
    handshake->buffer_size = load_u32(handshake->control + CONTROL_BUFFER_SIZE_AT);
    handshake->input = guest_at(guest, load_u32(handshake->control + CONTROL_INPUT_AT),
                                (uint64_t) BUFFER_DATA + handshake->buffer_size);
    handshake->output = guest_at(guest, load_u32(handshake->control + CONTROL_OUTPUT_AT),
                                 (uint64_t) BUFFER_DATA + handshake->buffer_size);
    return handshake->input && handshake->output;
}

/* Reservation: address space taken once, committed as it grows, never moved.
 *
 * Guest memory and the host's arena are each one. Around the range lie inaccessible guard pages,
 * so an unchecked access faults instead of reaching a neighbour.
 */
#ifndef PGN_PLATFORM_RESERVATION_H
#define PGN_PLATFORM_RESERVATION_H

#include <stdbool.h>
#include <stddef.h>

enum { PLATFORM_PAGE = 4096 };

struct reservation {
    unsigned char *base;
    size_t limit;     /* bytes of address space at base */
    size_t committed; /* bytes readable and writable from base on */
};

/* limit is rounded up to pages. False when the address space cannot be had. */
bool reservation_open(struct reservation *reservation, size_t limit);

/* Makes at least size bytes accessible; never shrinks. New bytes are zero. */
bool reservation_commit(struct reservation *reservation, size_t size);

/* Every committed byte is zero again and the memory goes back to the system; stays committed. */
bool reservation_zero(struct reservation *reservation);

/* Zeroes a committed range, giving its whole pages back to the system: for ranges so large that
   writing zeros to them would cost more. The caller keeps it inside. */
bool reservation_zero_range(struct reservation *reservation, size_t offset, size_t size);

/* Idempotent. */
void reservation_close(struct reservation *reservation);

#endif

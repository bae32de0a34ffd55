/* Reservation: address space taken once, committed as it grows, never moved.
 *
 * Guest memory and the host's arena are each one. Around the range lie inaccessible guard pages,
 * so an unchecked access faults instead of reaching a neighbour.
 */
#ifndef PGN_PLATFORM_RESERVATION_H
#define PGN_PLATFORM_RESERVATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The smallest and the largest page of the systems in use: 4, 16 or 64 KiB. */
enum { PLATFORM_PAGE = 4096, PLATFORM_PAGE_MAX = 65536 };

struct reservation {
    unsigned char *base;
    size_t limit;     /* bytes of address space at base */
    size_t committed; /* bytes readable and writable from base on */
    size_t mapped;    /* where that of it ends which reservation_map has laid a file over */
    bool remapped;    /* what is mapped is not, or no longer, what reservation_map was given */
    bool shared;      /* a part is a file that others map, too: reservation_share */
};

/* So many bytes; or, if less, the part-th part of the address space where that is limited (RLIMIT_AS, `ulimit -v`). */
size_t reservation_at_most(size_t size, unsigned part);

/* limit is rounded up to pages. False when the address space cannot be had. */
bool reservation_open(struct reservation *reservation, size_t limit);

/* Would the system give this process so many bytes more? Its answer holds for the moment. */
bool reservation_can_commit(size_t size);

/* Makes at least size bytes accessible; never shrinks. New bytes are zero. */
bool reservation_commit(struct reservation *reservation, size_t size);

/* Makes size bytes, rounded up to the system's pages, accessible, and what is behind them not. */
bool reservation_commit_exactly(struct reservation *reservation, size_t size);

/* Every committed byte is zero again and the memory goes back to the system; stays committed. */
bool reservation_zero(struct reservation *reservation);

/* Zeroes a committed range, giving its whole pages back to the system: for ranges so large that
   writing zeros to them would cost more. The caller keeps it inside. */
bool reservation_zero_range(struct reservation *reservation, size_t offset, size_t size);

/* Gives committed memory back to the system as far as that is possible; what the bytes are then is not defined. Both
   are multiples of PLATFORM_PAGE. */
void reservation_release(struct reservation *reservation, size_t offset, size_t size);

/* Lays part of a file over committed bytes, copy-on-write: what is written here stays here, and
   the file must not be written to while it is mapped. offset, size and position are multiples of the system's page, and so of
   PLATFORM_PAGE_MAX where that is not known. */
bool reservation_map(struct reservation *reservation, size_t offset, size_t size, int fd,
                     uint64_t position);

/* Forgets every write since the parts were mapped: those are as in their files again, and all else is
   zero. False where the system has no such step: then zero it and map again. */
bool reservation_discard(struct reservation *reservation);

/* Says for each of count pages from offset on whether it may differ from what was mapped there, or from
   zero: touched[i] is true for a page that was ever written to, and perhaps for others. */
void reservation_touched(const struct reservation *reservation, size_t offset, size_t count,
                         bool *touched);

/* The same, but what is written here is written to the file, and all that map it see it. */
bool reservation_share(struct reservation *reservation, size_t offset, size_t size, int fd,
                       uint64_t position);

/* Idempotent. */
void reservation_close(struct reservation *reservation);

#endif

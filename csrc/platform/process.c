/* A page that fork leaves empty in the child: looking at it takes a nanosecond, where getpid is a system
 * call, 0.2 us of a SELECT 1 that takes 8.
 */
#include "platform/system.h"

#include "platform/process.h"

#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

struct process_note {
    _Atomic int32_t number; /* 0: not known yet in this process */
};

#ifdef PLATFORM_LINUX

struct process_note *process_note_open(void)
{
    struct process_note *note = mmap(NULL, sizeof *note, PROT_READ | PROT_WRITE,
                                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (note == MAP_FAILED)
        return NULL;
    if (madvise(note, sizeof *note, MADV_WIPEONFORK) == 0)
        return note;
    process_note_close(note);
    return NULL;
}

#else

struct process_note *process_note_open(void)
{
    return NULL;
}

#endif

void process_note_close(struct process_note *note)
{
    if (note)
        munmap(note, sizeof *note);
}

int32_t process_number(struct process_note *note)
{
    int32_t number = note ? atomic_load_explicit(&note->number, memory_order_relaxed) : 0;

    if (number)
        return number;
    number = (int32_t) getpid();
    if (note)
        atomic_store_explicit(&note->number, number, memory_order_relaxed);
    return number;
}

/* Coroutine: the engine's own stack, so that the guest can recurse deeply without touching the
 * caller's stack, and can wait: it suspends in the middle of a call and is resumed by the next.
 *
 * The stack is reserved address space with a guard page below; pages are committed by use.
 * A coroutine may be resumed from another thread than before, never from two at once. So nothing
 * thread-local, errno among it, may be held across coroutine_suspend.
 */
#ifndef PGN_PLATFORM_COROUTINE_H
#define PGN_PLATFORM_COROUTINE_H

#include <stdbool.h>
#include <stddef.h>

struct coroutine;

typedef void (*coroutine_function)(void *argument);

/* The function starts with the first coroutine_resume. NULL when memory is out. */
struct coroutine *coroutine_open(size_t stack_size, coroutine_function function, void *argument);

/* Begins anew, on the stack of a coroutine that would have been closed otherwise. */
void coroutine_restart(struct coroutine *coroutine, coroutine_function function, void *argument);

/* Runs until the coroutine suspends (true) or its function has returned (false, ever after). */
bool coroutine_resume(struct coroutine *coroutine);

/* Called on the coroutine: back to the caller that resumed it. */
void coroutine_suspend(struct coroutine *coroutine);

/* The lowest usable address of the coroutine's stack: what a depth check compares with. */
void *coroutine_stack_limit(const struct coroutine *coroutine);

/* While it is suspended: gives the pages below what it uses of its stack back to the system. */
void coroutine_trim(struct coroutine *coroutine);

/* Frees the stack, whatever frames are on it. Not from the coroutine itself. NULL is fine. */
void coroutine_close(struct coroutine *coroutine);

#endif

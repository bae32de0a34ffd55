/* Threads of our own, beside those that call in. */
#ifndef PGN_PLATFORM_THREAD_H
#define PGN_PLATFORM_THREAD_H

#include <stdbool.h>

struct thread;

/* Runs the function in a new thread, which no signal of the process is delivered to. NULL: there is no
   thread or memory left. */
struct thread *thread_start(void (*function)(void *context), void *context);

/* Waits for its end and frees it. NULL is fine. */
void thread_join(struct thread *thread);

/* Lets others have the processor, if they want it. */
void thread_yield(void);
/* For good: the calling thread gets less of a processor that others want, too. */
void thread_lower_priority(void);
/* Processors that threads of this process can run on: at least 1. */
int thread_processors(void);

#endif

/* Memory faults of code that relies on inaccessible pages instead of checking its accesses.
 *
 * Signal handlers belong to the process, so does what this keeps: which code is concerned, whose handlers
 * were there before, and for each thread what it runs. A fault of any other code is passed on to them.
 */
#ifndef PGN_PLATFORM_FAULT_H
#define PGN_PLATFORM_FAULT_H

#include <stdbool.h>
#include <stddef.h>

/* Who is to be told. recover does not return: it leaves the code by longjmp; the signal is not blocked
   meanwhile, nor after. */
struct fault_scope {
    void (*recover)(struct fault_scope *scope, const void *address);
};

/* Faults of this code, as long as the process lives, are the scope's of the thread it runs in. False where
   this is not supported, or too much code has been registered. Safe from several threads. */
bool fault_register_code(const void *code, size_t size);

/* Puts a scope in force in this thread, and returns the one that was; NULL: none. To be called before the
   code is entered, and again wherever it may go on in another thread. */
struct fault_scope *fault_enter(struct fault_scope *scope);

#endif

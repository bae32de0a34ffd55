/* The checkpointer: PostgreSQL's own process, which the host begins for one checkpoint. */
#ifndef PGLITE_CHECKPOINTER_H
#define PGLITE_CHECKPOINTER_H

#include "postgres-abi.h"

/* The first call into a copy of a process: makes a checkpoint, the one before which was `seconds` ago, and exits.
 * One that was not requested is made if checkpoint_timeout is over. */
GUEST_EXPORT(pglite_begin_checkpointer)
void pglite_begin_checkpointer(int process, bool is_requested, int seconds);

/* Likewise shuts the cluster down, which no other process uses any more, and exits. */
GUEST_EXPORT(pglite_begin_shutdown) void pglite_begin_shutdown(int process);

/* Seconds between two checkpoints that are not requested. */
GUEST_EXPORT(pglite_checkpoint_timeout) int pglite_checkpoint_timeout(void);

/* When a process waits: is it the checkpointer, and not to wait here? Does not return where it ends. */
GUEST_LOCAL bool checkpointer_goes_on(uint32_t wait_event);
/* A checkpoint begins, by any process. */
GUEST_LOCAL void checkpointer_note_checkpoint(void);
/* What a process exits with, instead of `code`. */
GUEST_LOCAL int checkpointer_exit_code(int code);

#endif

/* Checkpoints by sessions, and their part in those of others. */
#ifndef PGLITE_CHECKPOINT_H
#define PGLITE_CHECKPOINT_H

#include "postgres-abi.h"

/* Checkpoints, by whatever right the user has. Called between requests. False: a transaction is in progress, and
 * nothing was done. An error, for lack of space say, is raised as a statement's would be. */
GUEST_EXPORT(pglite_checkpoint) bool pglite_checkpoint(void);

/* Removes the files of tables that this backend had dropped before the last call. Another has checkpointed
 * since, from the beginning to the end. */
GUEST_EXPORT(pglite_remove_files) void pglite_remove_files(void);

#endif

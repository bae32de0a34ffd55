/* Checkpoints by sessions. */
#ifndef PGLITE_CHECKPOINT_H
#define PGLITE_CHECKPOINT_H

#include "postgres-abi.h"

/* Checkpoints, by whatever right the user has. Called between requests. False: a transaction is in progress, and
 * nothing was done. An error, for lack of space say, is raised as a statement's would be. */
GUEST_EXPORT(pglite_checkpoint) bool pglite_checkpoint(void);

#endif

/* Checkpoints by sessions. */
#ifndef PGLITE_CHECKPOINT_H
#define PGLITE_CHECKPOINT_H

#include "postgres-abi.h"

/* Makes the data directory's files those of a cluster that was shut down, which is read without recovery: that would
 * empty the unlogged tables. Called between requests. No process of the cluster may do anything until pglite_end_copy,
 * which is called in any case. False: a transaction is in progress, and nothing was done. An error, for lack of space
 * say, is raised as a statement's would be. */
GUEST_EXPORT(pglite_begin_copy) bool pglite_begin_copy(void);
/* They are those of one in production again. */
GUEST_EXPORT(pglite_end_copy) void pglite_end_copy(void);

#endif

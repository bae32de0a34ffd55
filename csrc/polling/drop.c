/* Dropping relations, which happens after the transaction has been committed, or while it is aborted: so it must not
 * fail. PostgreSQL opens the relation's files once more, to see whether its buffers can be looked up one by one. Outside
 * of recovery they never are, as the size of a fork is not known, whichever there are: so nothing is opened. With it a
 * file that cannot be opened (EIO, or no more descriptors) ended in "cannot abort transaction, it was already
 * committed", a PANIC.
 *
 * DropRelationsAllBuffers of src/backend/storage/buffer/bufmgr.c of PostgreSQL has the call. */
#include "wrapped.h"

bool __real_smgrexists(void *relation, int fork);

bool __wrap_smgrexists(void *relation, int fork)
{
    return (!IsTransactionState() && !RecoveryInProgress()) || __real_smgrexists(relation, fork);
}

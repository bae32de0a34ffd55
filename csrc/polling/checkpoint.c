/* A checkpoint, by the command's name: the function behind it is not exported. */
#include "checkpoint.h"

bool pglite_checkpoint(void)
{
    PGOid user;
    int context;

    if (IsTransactionState())
        return false;
    StartTransactionCommand();
    /* The end of a transaction that fails puts the user back, too. */
    GetUserIdAndSecContext(&user, &context);
    SetUserIdAndSecContext(PG_BOOTSTRAP_SUPERUSER, context);
    SPI_connect();
    SPI_execute("CHECKPOINT", false, 0);
    SPI_finish();
    SetUserIdAndSecContext(user, context);
    CommitTransactionCommand();
    return true;
}

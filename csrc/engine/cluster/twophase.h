/* Files of prepared transactions that are newer than the checkpoint which recovery begins at. */
#ifndef PGN_ENGINE_TWOPHASE_H
#define PGN_ENGINE_TWOPHASE_H

/* Removes them: recovery makes them again from the WAL. The directory is a data directory, locked, and was not shut
   down: 0, or negative errno. */
int twophase_remove_future(int directory);

#endif

/* What a killed engine has left in its data directory. */
#ifndef PGN_ENGINE_LEFTOVERS_H
#define PGN_ENGINE_LEFTOVERS_H

/* Removes temporary files and relations, which no session would find again, and postmaster.pid. The directory is
   locked, and has postmaster.pid: 0, or negative errno. */
int leftovers_remove(int directory);

#endif

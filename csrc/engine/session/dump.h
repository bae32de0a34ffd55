/* A data directory's files, given to the caller one after the other. */
#ifndef PGN_ENGINE_DUMP_H
#define PGN_ENGINE_DUMP_H

#include "engine/cluster/session.h"

/* Of a session that is quiet. Until dump_close nothing else may be done with its cluster. */
enum status dump_begin(pgn_session *session, struct error *error);
enum status dump_next(pgn_session *session, pgn_file *file, struct error *error);
enum status dump_read(pgn_session *session, uint8_t *bytes, size_t size, size_t *count,
                      struct error *error);
void dump_close(pgn_session *session); /* idempotent */

#endif

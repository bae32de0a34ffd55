/* A data directory made of files that the caller gives, before PostgreSQL boots. */
#ifndef PGN_ENGINE_LOAD_H
#define PGN_ENGINE_LOAD_H

#include "engine/cluster/session.h"

/* A directory, or a file whose bytes follow. */
enum status load_directory(pgn_session *session, const char *path, struct error *error);
enum status load_file(pgn_session *session, const char *path, struct error *error);
enum status load_bytes(pgn_session *session, const uint8_t *bytes, size_t size,
                       struct error *error);

/* All is there: boots. */
enum status load_end(pgn_session *session, struct error *error);

#endif

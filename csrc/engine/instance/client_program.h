/* A client program of PostgreSQL's, pg_dump, in a guest of its own: what its server has said goes in, and what it says
 * to its server, and writes, comes out. It knows no server: its caller carries the messages. */
#ifndef PGN_ENGINE_CLIENT_PROGRAM_H
#define PGN_ENGINE_CLIENT_PROGRAM_H

#include "base/status.h"
#include "engine/instance/types.h"

/* As pgn_program_open. */
enum status client_program_open(const char *module, const char *const *arguments,
                                pgn_program **opened, struct error *error);

/* As pgn_program_run. */
enum status client_program_run(pgn_program *program, const uint8_t *input, size_t size,
                               pgn_turn *turn, struct error *error);

void client_program_close(pgn_program *program); /* NULL is fine */

#endif

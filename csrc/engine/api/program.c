/* The C interface to client programs. */
#include "engine/instance/client_program.h"

#include "engine/api/gate.h"

int pgn_program_open(const char *module, const char *const *arguments, pgn_program **program,
                     pgn_error *pgn_error)
{
    struct error error;

    return client_program_open(module, arguments, program, &error) ? api_error(pgn_error, &error)
                                                                   : STATUS_OK;
}

int pgn_program_run(pgn_program *program, const uint8_t *input, size_t size, pgn_turn *turn,
                    pgn_error *pgn_error)
{
    struct error error;

    return client_program_run(program, input, size, turn, &error) ? api_error(pgn_error, &error)
                                                                  : STATUS_OK;
}

void pgn_program_drop(pgn_program **program)
{
    client_program_close(*program);
    *program = NULL;
}

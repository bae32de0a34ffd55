/* A client's conversation, from its socket to the session and back, by the postmaster. */
#ifndef PGN_ENGINE_CLIENT_H
#define PGN_ENGINE_CLIENT_H

#include "engine/cluster/session.h"

/* Answers the client on a socket until that is over (*over), or something is to be looked at. */
enum status client_serve(pgn_session *session, int fd, uint8_t *buffer, size_t size, bool *over,
                         struct error *error);

/* Inside the monitor, as is what follows: client_serve shall come back when the session is at rest. */
void client_return(pgn_session *session);

/* By the postmaster, whose session it is now. */
/* The courier is about to have it. */
void client_lend(pgn_session *session);
/* Before it is resumed: what its client has sent becomes its input. False: it is at rest again. */
bool client_begin(pgn_session *session);
/* It has been resumed, and neither waits nor has yielded. */
void client_rest(pgn_session *session);
/* By the courier, while it has the session: as much of the answer as there is room for. */
void client_send(pgn_session *session);
/* Likewise: receives the client's next request if it is there. False: there is nothing more to wait for. */
bool client_listen(pgn_session *session);
/* It has been resumed, and waits or has yielded. */
void client_pass_on(pgn_session *session);
/* Something has come of the socket. */
void client_event(struct client *client, int what);

#endif

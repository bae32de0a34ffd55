/* The courier: a thread that sends answers, and receives requests, while the postmaster runs the next session. */
#ifndef PGN_ENGINE_COURIER_H
#define PGN_ENGINE_COURIER_H

#include "engine/cluster/session.h"

struct courier;

/* NULL: there is only one processor, or no memory or thread for it. */
struct courier *courier_open(void);
void courier_close(struct courier *courier); /* it has sent what it was given. NULL is fine */

/* The session is at rest, and the courier's until it comes back: meanwhile no other thread touches what it has to say,
   or what its client says. */
void courier_give(struct courier *courier, pgn_session *session);
/* After some have been given. */
void courier_rouse(struct courier *courier);
/* It costs next to nothing to give it something. */
bool courier_is_awake(const struct courier *courier);
/* Those that have come back, by next_answered; NULL: none. */
pgn_session *courier_take(struct courier *courier);

#endif

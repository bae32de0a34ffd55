/* What a server does between reading a client's startup packet and greeting it. PGlite's single-user
 * backend does none of it: it was initialized before there was a client. */
#ifndef PGLITE_SESSION_H
#define PGLITE_SESSION_H

#include "postgres-abi.h"

/* Begins the session that the startup packet last read asks for: makes its user the session's, checks that
 * user and database may be used, applies the packet's options and the settings stored for role and
 * database. Whatever speaks against it is raised as a server does, as FATAL: the backend exits. */
GUEST_EXPORT(pglite_begin_session) void pglite_begin_session(void);

/* The packet's own options: command-line switches and settings, with a role's or a superuser's rights. */
GUEST_LOCAL void session_apply_startup_options(const PGPort *port, bool is_superuser);

#endif

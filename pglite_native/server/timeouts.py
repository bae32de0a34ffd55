"""How long the server waits: for clients, for sessions, before it tries again. All are seconds."""

from __future__ import annotations

AUTHENTICATION_S = 60.0
"""Until a client must have been let in: PostgreSQL's authentication_timeout."""

STARTING_PATIENCE_S = 1.0
"""After it a client that has not been let in may have to leave, if too many are not."""
STARTING_INTERVAL_S = 0.05

FAILED_LOGIN_DELAY_S = 0.5
"""What a wrong password costs, as it is guessed by trying."""

LINGER_S = 1.0
"""For a client to read why it is refused."""
LINGER_WITH_LAST_S = 0.1
"""The same with the last descriptor, which the next client is to be refused with."""

LEAVING_PATIENCE_S = 1.0
"""For sessions that have left to end: a client is often faster than the server at seeing that."""

SNAPSHOT_PATIENCE_S = 1.0
"""For a session to be at rest, so that forks can be made: a client has its answer, or has left, a
moment before its session has ended."""
SNAPSHOT_INTERVAL_S = 0.002

END_PATIENCE_S = 0.5
"""After it a client that has not ended by being told so is hung up on."""
END_INTERVAL_S = 0.1

ACCEPT_RETRY_S = 0.1
"""Until a listener tries again to take a client, after it could not."""

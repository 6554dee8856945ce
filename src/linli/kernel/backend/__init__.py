"""Django's PostgreSQL backend, able to send the statements of a command without waiting for each; see :mod:`.base`."""

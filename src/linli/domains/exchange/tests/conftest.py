from linli.testing.departments import *  # noqa: F403
from linli.testing.departments import departments, sandbox_server  # noqa: F401

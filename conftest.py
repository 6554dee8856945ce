from linli.testing.fixtures import *  # noqa: F403

from linli.testing.browser import *  # noqa: F403

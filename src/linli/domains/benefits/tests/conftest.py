from linli.testing.departments import departments, sandbox_server  # noqa: F401

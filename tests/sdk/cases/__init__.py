"""The calls that are recorded, a module a client: each has `CLIENT` and `cases(base)`, which gives names and calls."""

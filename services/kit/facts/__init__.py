"""A service's own copy of other services' facts: each once, gaps noticed and fetched.

`tracker` decides, `store` keeps, `owners` asks, `keeper` runs. A service that keeps a copy has the
tables of `store` in its own migrations.
"""

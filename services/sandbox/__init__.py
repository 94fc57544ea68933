"""The local stack: a real PostgreSQL, a real Kafka and a shared clock on one machine, and the
processes that run against them. Nothing here is used in production."""

"""`AcquirerService` at the edges: gRPC, HTTP, and how the room is put together."""

"""How fast a file of each format is taken in: over gRPC, by the real service, durably."""

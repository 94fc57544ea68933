"""PrepaidService at its two edges, gRPC and HTTP."""

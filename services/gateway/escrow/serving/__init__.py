"""Escrow as it is served: over gRPC and over HTTP."""

"""The gRPC edge of access: the guard before all services, and `AccessService` itself."""

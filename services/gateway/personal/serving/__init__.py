"""PersonalService over gRPC and HTTP."""

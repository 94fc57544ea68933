"""The adapters, one file per partner protocol."""

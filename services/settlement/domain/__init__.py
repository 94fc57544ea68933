"""The rules of settlement: pure."""

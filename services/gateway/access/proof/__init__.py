"""What callers prove beyond a key: signed requests and client certificates."""

"""What partners tell us unasked: verified, noted once, and believed no further than it must be."""

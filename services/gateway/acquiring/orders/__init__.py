"""Orders: a code with its amount that is paid once, until it expires."""

"""Orders to banks, transfers between institutions, their reports and returns."""

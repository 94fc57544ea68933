"""All of settlement's SQL."""

"""Codes of shops: as text, as pictures, as a sheet to hang up."""

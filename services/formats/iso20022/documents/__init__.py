"""XML as ISO 20022 uses it: read in bounded memory, checked, bound to dataclasses, written."""

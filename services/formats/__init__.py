"""Files of banks and partners, in and out: Zengin, ISO 20022, settlement CSVs. Pure."""

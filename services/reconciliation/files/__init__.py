"""Partners' and banks' files: read row by row, taken in or refused whole, kept as they came."""

"""Matching: two sides of rows in, matches and breaks out, by rules that are data.

A side is a table of the columns in `rows.py`, as Parquet. The expressions are ibis, so that the
same rules run on DuckDB and on Spark. In order:

1. A row that repeats the reference and kind of an earlier one of its side is a DUPLICATE.
2. Rules by reference join the sides. A pair within a rule's tolerances is a match of that rule; a
   pair within none is a break of the first kind that holds: CURRENCY, STATE, AMOUNT, FEE, LATE.
3. What is left is tried as bundles (one row against the sum of several), then by its text.
4. What is still left is MISSING_AT_PARTNER, MISSING_WITH_US or an UNIDENTIFIED_CREDIT.

Every row of both sides is in exactly one pair, but for the one row of a bundle, which is in the
pair of each of its parts.
"""

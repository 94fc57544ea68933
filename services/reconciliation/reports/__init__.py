"""Reports of a partner's day, and its close.

A report is a `DayReport`; every number carries the name of its figure, by which its rows are found.
Writers are functions of the report alone. A closed day's files are kept as they were written: the
same bytes for ever. What contradicts a closed day is a break of a later one.
"""

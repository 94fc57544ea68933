"""Pure words everything else is written in: money, rates, ids, errors, time.

Imports nothing else of ours.
"""

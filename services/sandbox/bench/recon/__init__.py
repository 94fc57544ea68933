"""The bench of the matching: two sides of any size with planted breaks, matched in a child process.

What was planted is known row by row, so that a break too many is seen as well as one too few.
"""

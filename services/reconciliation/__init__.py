"""reconciliation: trusted with an independent copy of the facts, matched with partner and bank files. Never moves money unasked.

For now it keeps its own copy of the facts.
"""

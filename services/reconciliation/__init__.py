"""reconciliation: an independent copy of the facts, matched with partner and bank files.

Never moves money unasked. For now it keeps its copy.
"""

"""reconciliation: an independent copy of the facts, matched with partner and bank files.

Never moves money unasked. It keeps its copy; `matching` is the engine. Nothing feeds it yet.
"""

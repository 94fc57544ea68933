"""The FX book: what the house is long or short, the deals that rebalance it, what both brought.

Payments leave the house long in home currencies and short in target ones. A deal sells what there
is too much of. Its result is what it bought beyond the value at mid of what it sold; spreads are
income of their own, so that margin and market are read apart.
"""

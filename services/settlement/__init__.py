"""settlement: trusted with what is owed to whom, cut-offs, netting, payouts.

Never repairs a break. For now it keeps its own copy of the facts.
"""

"""settlement: trusted with what is owed to whom, and when it is cut off.

Never repairs a break. It keeps its own copy of the facts, reads the ledger's postings out of it,
closes windows at cuts of the posting sequences, and has what is due paid out through the bridge.
"""

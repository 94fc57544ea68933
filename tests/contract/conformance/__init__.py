"""The conformance suite: every adapter that charges, against its simulator, under every fault.

A new partner is a `Descriptor` in descriptors.py. What every partner has to keep is in playing.py.
"""

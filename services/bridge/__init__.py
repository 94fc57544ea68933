"""The bridge is trusted with talking to partners: Kakao Pay, other wallets' networks, banks.

It knows what was asked and what was answered, and never guesses an outcome: a partner's silence is
an outcome of its own, followed by inquiries and, by the partner's rules, by a cancel.
"""

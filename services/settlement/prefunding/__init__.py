"""Deposits of partner wallets: what is left, and when it runs out.

The forecast is the deposit's own history by hour of the week, so that a quiet night and a busy
Saturday are what they are. It is a reckoning for people, and stops no payment: the ledger does.
"""

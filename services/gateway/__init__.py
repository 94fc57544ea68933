"""The gateway is trusted with payments and refunds.

It resolves a scanned code to a merchant, prices, checks limits, and drives each payment step by
step through wallet and bridge over Kafka; it tells participants. It never moves money itself: the
wallet's ledger does, at its command.
"""

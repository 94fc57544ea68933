"""The wallet: trusted with the double-entry ledger, its accounts and two-phase transfers.

It does not know what a payment is for, and times nothing out. Commands come over Kafka a batch at a
time (`consumer`) or by RPC (`server`); both go through one pure set of rules (`domain`) and one
store. Promises: every transfer debits one account and credits one of the same currency; transfers
are never changed; linked transfers succeed or fail together and are resolved once; a command that
comes again gets its first answer again.
"""

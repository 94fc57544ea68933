"""The demo: real payments through the real services, told step by step.

Everything a wallet or an operator does here goes through the same APIs that they would use; only
the partners are simulators, in processes of their own.
"""

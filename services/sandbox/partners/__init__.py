"""Simulated partners, a process each, written from what is known of the real ones.

They share nothing with the bridge's adapters: two readings of one protocol meet in the tests.
"""

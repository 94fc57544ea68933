"""Kills parts of a running house while payments go on, and looks whether each ended once.

kawase chaos
"""

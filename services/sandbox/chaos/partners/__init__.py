"""Many payments while all partners fail at random, then our books against theirs.

kawase chaos-partners
"""

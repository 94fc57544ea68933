"""How fast payments go on this machine, with everything real and everything on it.

    kawase bench payments --seconds 20 --in-flight 256 --api unary

The load generator is a process of its own; the partner is a light one over HTTP, without a disk.
"""

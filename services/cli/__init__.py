"""The `kawase` command: groups of sub-commands, each loaded when it is called."""

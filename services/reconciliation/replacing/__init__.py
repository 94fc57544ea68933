"""Files that their partner has corrected: the later one holds, both are kept.

`choosing` says which file another one replaces, `store` what follows for its rows and its days.
"""

"""Breaks: what does not match, whose it is, how it is put right.

A break is its rows. A run opens it, finds it again without a second one, and resolves it when its
rows have been matched. A person resolves it by a proposal that another person approves; a write-off
up to a limit needs one. What a later run contradicts is opened again. History is only added to.

`model` the words, `following` what a run's finds do, `resolving` what people do, `store` the SQL.
"""

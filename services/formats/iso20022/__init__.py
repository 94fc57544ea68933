"""ISO 20022 messages in and out, as frozen dataclasses.

`statements.reading.read_statements` streams camt.053 and camt.054; `statements.writing` writes
them. `messages.reading.read_messages` reads pain.001, pacs.002, pacs.004 and pacs.008;
`messages.writing` writes them. `zedi` knows what Japanese banks add to pain.001. `documents` is the
XML below: types, checks, tables between elements and dataclasses.
"""

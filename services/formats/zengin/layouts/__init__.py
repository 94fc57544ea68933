"""The records of Zengin files as tables: fields, what may stand in them, text and dates."""

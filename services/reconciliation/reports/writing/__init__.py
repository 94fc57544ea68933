"""Writes reports: pure functions of a report, one per format; `formats` names them."""

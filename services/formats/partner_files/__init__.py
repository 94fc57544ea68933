"""Settlement and reconciliation files of wallet partners: CSVs, read row by row in bounded memory.

`antom` the three AMS reports, `paypay` the OPA reconciliation file, `kakaopay` a layout of our own
(the partner's was not found); `lines` and `table` are what they share. No bytes raise.
"""

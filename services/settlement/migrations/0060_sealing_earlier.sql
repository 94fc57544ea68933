-- What was stored before payees were sealed: found at once where none is left.
CREATE INDEX agreements_to_seal ON agreements (agreement_id)
    WHERE sealed_payee = '' AND account_number <> '';
CREATE INDEX payouts_to_seal ON payouts (payout_id) WHERE sealed_payee = '' AND payee[4] <> '';

-- What was stored before accounts were sealed: found at once where none is left.
CREATE INDEX payouts_to_seal ON payouts (payout_id) WHERE sealed_payee = '';
CREATE INDEX mandates_to_seal ON bank_mandates (partner_id, mandate_id) WHERE sealed_account = '';
CREATE INDEX records_to_seal ON bank_records (partner_id, item_id) WHERE sealed_account = '';
CREATE INDEX files_to_seal ON bank_files (partner_id, file_id) WHERE NOT sealed;
GRANT UPDATE (account_number, holder_name, sealed_account) ON bank_mandates TO service_login;

-- The payer's name of a deposit is sealed, `sealed:` before it.
CREATE INDEX deposits_to_seal ON deposits (partner_id, account_id, entry_reference)
    WHERE NOT starts_with(payer_name, 'sealed:');
GRANT UPDATE (payer_name) ON deposits TO service_login;

-- Of a sealed account no holder's name is kept beside it: it is a part of what is sealed.
UPDATE merchant_versions SET holder_name = '' WHERE sealed_payee IS NOT NULL;

"""All SQL of payments, limits and late charges. Set-based; promises are the constraints'."""

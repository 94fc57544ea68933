"""All SQL of the bridge: charges, refunds, attempts, links."""

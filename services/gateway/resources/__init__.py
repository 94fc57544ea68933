"""What refunds, top-ups, late charges and disputes have in common: lives, due rows, repeats."""

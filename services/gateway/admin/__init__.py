"""What the operator changes: reference data, checked, journaled, and put."""

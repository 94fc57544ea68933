"""Consumer-presented codes: EMVCo QR CPM v1.1 and JPQR CPM."""

"""Which source records are one customer: cleaning, comparing, linking, clusters."""

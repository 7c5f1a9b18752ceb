"""What keeps the nightly run honest: locks, alerts, freshness, status."""

"""What every script prints of its RFM: sums that differ when a single customer differs."""

from __future__ import annotations

import json
from decimal import Decimal

THREADS = 2
WINDOW_DAYS = 365  # that of the seed rfm_settings


def show(customers: int, recency_days: float, frequency: float, monetary_amount: object) -> None:
    """Print the totals over all customers; money is rounded to the cent."""
    money = Decimal(str(monetary_amount)).quantize(Decimal("0.01"))
    print(
        json.dumps(
            {
                "customers": int(customers),
                "recency_days": int(recency_days),
                "frequency": int(frequency),
                "monetary_amount": str(money),
            }
        )
    )

"""Turn a CSV of orders into a report by month and product, with pandas."""

import os
from pathlib import Path

import pandas as pd

here = Path(__file__).parent
currency = os.environ.get("CURRENCY", "EUR")

orders = pd.read_csv(here / "orders.csv", parse_dates=["date"])
orders["total"] = orders["quantity"] * orders["price"]
orders["month"] = orders["date"].dt.strftime("%Y-%m")
report = orders.pivot_table(
    index="month",
    columns="product",
    values="total",
    aggfunc="sum",
    fill_value=0,
    margins=True,
    margins_name="all",
)

print(f"Sales in {currency}, from {len(orders)} orders\n")
print(report.round(2).to_string())

target = Path(os.environ.get("PYSCHED_STATE_DIR", here)) / "sales.csv"
report.to_csv(target)
print(f"\nwritten to {target}")

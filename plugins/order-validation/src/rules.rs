//! What must hold for an order that could be read. The first rule that does not hold names the code.

use crate::config::Config;
use crate::currency;
use crate::fold::At;
use crate::moment;
use crate::order::{Discounts, Items, Order, Text, Totals, is_id};
use crate::refusal::Refusal;
use wasmill_sdk::{Codes, Failure};

const DAY_S: i64 = 24 * 60 * 60;
/// Characters of the order that a message repeats.
const SHOWN_CHARS: usize = 64;

type Checked = Result<(), Failure>;

/// `now_s`: the host's clock, seconds since the Unix epoch.
pub(crate) fn check(order: &Order<'_>, config: &Config, now_s: i64) -> Checked {
    ids(order)?;
    origin(order, config)?;
    moments(order, config, now_s)?;
    items(&order.items, config)?;
    discounts(&order.discounts, config)?;
    totals(order, config)
}

fn ids(order: &Order<'_>) -> Checked {
    for (id, name, code) in [
        (&order.order_id, "order_id", Refusal::InvalidOrderId),
        (&order.customer_id, "customer_id", Refusal::InvalidCustomerId),
        (&order.restaurant_id, "restaurant_id", Refusal::InvalidRestaurantId),
    ] {
        if !is_id(id) {
            return Err(code.reject(format!("`{name}`: {} is not 1 to 64 bytes without spaces", shown(id))));
        }
    }
    Ok(())
}

fn origin(order: &Order<'_>, config: &Config) -> Checked {
    let (channel, currency) = (&order.channel, &order.currency);
    if !config.channels.contains(&**channel) {
        return Err(Refusal::UnknownChannel.reject(format!("{} is not in `channels`", shown(channel))));
    }
    if !currency::is_money(currency) {
        return Err(Refusal::UnknownCurrency.reject(format!("{} is not a currency of ISO 4217", shown(currency))));
    }
    if !config.currencies.is_empty() && !config.currencies.contains(&**currency) {
        return Err(Refusal::CurrencyNotAccepted.reject(format!("{} is not in `currencies`", shown(currency))));
    }
    Ok(())
}

fn moments(order: &Order<'_>, config: &Config, now_s: i64) -> Checked {
    let read = |text: &Text<'_>, name: &str| {
        let refused = || Refusal::InvalidTimestamp.reject(format!("`{name}`: {} is not RFC 3339", shown(text)));
        moment::seconds(text).ok_or_else(refused)
    };
    let placed = read(&order.placed_at, "placed_at")?;
    // RFC 3339 has four digits of a year, so none of these come near the ends of 64 bits.
    let ago = now_s.saturating_sub(placed);
    if ago < -config.max_ahead_s {
        return Err(Refusal::PlacedInFuture.reject(format!("placed {} s ahead of the clock", -ago)));
    }
    if config.max_age_days.is_some_and(|days| ago > i64::from(days) * DAY_S) {
        return Err(Refusal::PlacedTooLongAgo.reject(format!("placed {} days ago", ago / DAY_S)));
    }
    if let Some(due) = &order.due_at {
        let due = read(due, "due_at")?;
        if due < placed {
            return Err(Refusal::DueBeforePlaced.reject(format!("due {} s before it was placed", placed - due)));
        }
    }
    Ok(())
}

fn items(items: &Items, config: &Config) -> Checked {
    match items.count {
        0 => return Err(Refusal::NoItems.reject("`items` is empty")),
        count if count > config.max_items => {
            return Err(Refusal::TooManyItems.reject(format!("{count} items, at most {}", config.max_items)));
        }
        _ => {}
    }
    if let Some(at) = items.invalid_sku {
        return Err(Refusal::InvalidSku.reject(format!("`items/{at}/sku` is not 1 to 64 bytes without spaces")));
    }
    at_least(1, items.quantities.least, "quantity", Refusal::InvalidQuantity)?;
    at_most(config.max_quantity, items.quantities.most, "quantity", Refusal::QuantityTooLarge)?;
    at_least(0, items.prices.least, "unit_price_cents", Refusal::InvalidPrice)?;
    at_most(config.max_unit_price_cents, items.prices.most, "unit_price_cents", Refusal::PriceTooLarge)?;
    let most = items.modifier_counts.most;
    if most.number > config.max_modifiers.into() {
        let (at, count, limit) = (most.position, most.number, config.max_modifiers);
        return Err(Refusal::TooManyModifiers.reject(format!("`items/{at}` has {count} modifiers, at most {limit}")));
    }
    if let Some(at) = items.invalid_modifier {
        return Err(Refusal::InvalidModifier.reject(format!("`items/{at}` has a modifier without a name")));
    }
    at_least(0, items.modifier_prices.least, "modifiers", Refusal::InvalidModifier)?;
    at_most(config.max_unit_price_cents, items.modifier_prices.most, "modifiers", Refusal::PriceTooLarge)
}

fn at_least(limit: i64, least: At, name: &str, code: Refusal) -> Checked {
    let At { number, position } = least;
    if number >= limit {
        return Ok(());
    }
    Err(code.reject(format!("`items/{position}/{name}`: {number} is less than {limit}")))
}

fn at_most(limit: i64, most: At, name: &str, code: Refusal) -> Checked {
    let At { number, position } = most;
    if number <= limit {
        return Ok(());
    }
    Err(code.reject(format!("`items/{position}/{name}`: {number} is more than {limit}")))
}

fn discounts(discounts: &Discounts, config: &Config) -> Checked {
    let (count, limit) = (discounts.count, config.max_discounts);
    if count > limit {
        return Err(Refusal::TooManyDiscounts.reject(format!("{count} discounts, at most {limit}")));
    }
    if let Some(at) = discounts.nameless {
        return Err(Refusal::InvalidDiscount.reject(format!("`discounts/{at}/code` is no name")));
    }
    let At { number, position } = discounts.amounts.least;
    if number < 0 {
        let message = format!("`discounts/{position}/amount_cents`: {number} is less than 0");
        return Err(Refusal::InvalidDiscount.reject(message));
    }
    Ok(())
}

fn totals(order: &Order<'_>, config: &Config) -> Checked {
    let Totals { items_cents, discounts_cents, tax_cents, delivery_cents, tip_cents, total_cents } = order.totals;
    for (charge, name) in [(tax_cents, "tax_cents"), (delivery_cents, "delivery_cents"), (tip_cents, "tip_cents")] {
        if charge < 0 {
            return Err(Refusal::InvalidCharge.reject(format!("`totals/{name}`: {charge} is less than 0")));
        }
    }
    let overflow = || Refusal::AmountOverflow.reject("a sum of this order is beyond 64 bits");
    let items = order.items.sum.0.ok_or_else(overflow)?;
    let discounts = order.discounts.sum.0.ok_or_else(overflow)?;
    equal(items, items_cents, "items_cents", Refusal::ItemsMismatch)?;
    equal(discounts, discounts_cents, "discounts_cents", Refusal::DiscountsMismatch)?;
    if discounts > items {
        return Err(Refusal::DiscountTooLarge.reject(format!("{discounts} off items of {items}")));
    }
    let charges = [tax_cents, delivery_cents, tip_cents];
    let total = charges.into_iter().try_fold(items - discounts, i64::checked_add).ok_or_else(overflow)?;
    equal(total, total_cents, "total_cents", Refusal::TotalMismatch)?;
    if total < config.min_total_cents {
        return Err(Refusal::TotalTooSmall.reject(format!("{total} is less than {}", config.min_total_cents)));
    }
    if total > config.max_total_cents {
        return Err(Refusal::TotalTooLarge.reject(format!("{total} is more than {}", config.max_total_cents)));
    }
    Ok(())
}

fn equal(sum: i64, stated: i64, name: &str, code: Refusal) -> Checked {
    if sum == stated {
        return Ok(());
    }
    Err(code.reject(format!("`totals/{name}` is {stated}, the order comes to {sum}")))
}

/// The beginning of a text, quoted.
fn shown(text: &str) -> String {
    format!("{:?}", text.chars().take(SHOWN_CHARS).collect::<String>())
}

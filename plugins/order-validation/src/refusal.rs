//! Why an order is refused. The names are a contract with whoever reads dead letters: one may be added, none is changed.

use wasmill_sdk::Codes;

/// The codes, in the order in which they are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Codes)]
pub enum Refusal {
    /// A tombstone.
    NullValue,
    /// Longer than `max_bytes`.
    OrderTooLarge,
    /// Not JSON, or not UTF-8.
    InvalidJson,
    /// A field that every order has is not there.
    MissingField,
    /// A field of the contract is there twice: which of them counts is anybody's guess.
    DuplicateField,
    /// A field has another type: text for a number, a fraction of a cent, `null`, a number that no counter holds.
    WrongType,
    InvalidOrderId,
    InvalidCustomerId,
    InvalidRestaurantId,
    /// Not in the pipeline's list.
    UnknownChannel,
    /// Not in ISO 4217, or no money (`XXX`, `XTS`).
    UnknownCurrency,
    /// Money, but not in the pipeline's list.
    CurrencyNotAccepted,
    /// Not RFC 3339.
    InvalidTimestamp,
    /// Placed further ahead of the host's clock than clocks differ.
    PlacedInFuture,
    /// Placed longer ago than the pipeline wants.
    PlacedTooLongAgo,
    /// To be there before it was ordered.
    DueBeforePlaced,
    NoItems,
    TooManyItems,
    InvalidSku,
    /// Zero or less.
    InvalidQuantity,
    QuantityTooLarge,
    /// Less than nothing.
    InvalidPrice,
    PriceTooLarge,
    TooManyModifiers,
    /// Without a name, or with a price below nothing.
    InvalidModifier,
    TooManyDiscounts,
    /// Without a name, or of less than nothing.
    InvalidDiscount,
    /// Tax, delivery or tip below nothing.
    InvalidCharge,
    /// A sum that 64 bits do not hold.
    AmountOverflow,
    /// `totals.items_cents` is not the sum of the items.
    ItemsMismatch,
    /// `totals.discounts_cents` is not the sum of the discounts.
    DiscountsMismatch,
    /// The discounts are more than the items are worth.
    DiscountTooLarge,
    /// `totals.total_cents` is not items - discounts + charges.
    TotalMismatch,
    TotalTooSmall,
    TotalTooLarge,
}

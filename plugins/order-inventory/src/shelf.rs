//! Items in one record's hands: read, looked at, changed, put back.

use crate::stock::{NotSo, Stock};
use crate::stores::Stores;
use std::borrow::Cow;
use wasmill_sdk::Failure;

/// One item of the record's restaurant.
#[derive(Debug)]
pub(crate) struct Shelf<'a> {
    pub(crate) sku: Cow<'a, str>,
    stock: Stock,
    /// Only what has changed is written: a changelog is read again after each move of its partition.
    changed: bool,
}

impl<'a> Shelf<'a> {
    /// The item as a record of time `t` finds it: what has expired is free.
    ///
    /// # Panics
    /// When what is stored does not add up. No message can do that, so the state is broken, and nothing is sold from it.
    pub(crate) fn touch(
        stores: &mut Stores,
        restaurant: &str,
        sku: Cow<'a, str>,
        t: i64,
    ) -> Result<Shelf<'a>, Failure> {
        let mut stock = stores.stock.get((restaurant, &*sku))?.unwrap_or_default();
        assert!(stock.adds_up(), "the stock of {sku:?} in {restaurant:?} does not add up: {stock:?}");
        let before = stock.reservations.len();
        stock.expire(t);
        let changed = stock.reservations.len() != before;
        Ok(Shelf { sku, stock, changed })
    }

    pub(crate) fn stock(&self) -> &Stock {
        &self.stock
    }

    pub(crate) fn reserve(&mut self, order: &str, pieces: i64, expires: i64) {
        self.stock.reserve(order, pieces, expires);
        self.changed = true;
    }

    pub(crate) fn sell(&mut self, order: &str) {
        self.stock.sell(order);
        self.changed = true;
    }

    /// Does nothing where nothing is reserved for the order.
    pub(crate) fn release(&mut self, order: &str) {
        self.changed |= self.stock.has_reserved(order);
        self.stock.release(order);
    }

    pub(crate) fn count(&mut self, pieces: i64) -> Result<(), NotSo> {
        self.supply(|stock| stock.count(pieces))
    }

    pub(crate) fn adjust(&mut self, delta: i64) -> Result<(), NotSo> {
        self.supply(|stock| stock.adjust(delta))
    }

    fn supply(&mut self, change: impl FnOnce(&mut Stock) -> Result<(), NotSo>) -> Result<(), NotSo> {
        let before = self.stock.delivered;
        change(&mut self.stock)?;
        self.changed |= self.stock.delivered != before;
        Ok(())
    }

    /// Puts it back. Whether it has just become low.
    pub(crate) fn close(&mut self, stores: &mut Stores, restaurant: &str, low_stock_at: i64) -> Result<bool, Failure> {
        let before = self.stock.low;
        let crosses = self.stock.crosses(low_stock_at);
        if self.changed || self.stock.low != before {
            stores.stock.put((restaurant, &*self.sku), &self.stock)?;
        }
        Ok(crosses)
    }
}

//! The stock of one item in one restaurant: the value of a key, and what can happen to it.
//!
//! Pieces come by deliveries and counts, are on hand, are reserved for orders, and are sold. Nothing else happens to them:
//! `on_hand` + reserved + `sold` = `delivered`, and none of these is ever less than nothing. Reservations end by record time,
//! and nobody is woken for it: one that has ended is taken out when the item is next looked at.

use serde::{Deserialize, Serialize};

/// The value; as JSON it is what the page of messages says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stock {
    /// Pieces that can be promised.
    pub(crate) on_hand: i64,
    /// Pieces that came in, less those that were lost.
    pub(crate) delivered: i64,
    /// Pieces that went out.
    pub(crate) sold: i64,
    /// Whether `on_hand` was low when somebody last looked: who crosses the line again is reported again.
    pub(crate) low: bool,
    /// Oldest first.
    pub(crate) reservations: Vec<Reservation>,
}

/// Order, pieces, and the record time (ms) from which on they are free again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reservation(pub(crate) String, pub(crate) i64, pub(crate) i64);

/// Of an item that nobody has spoken of. It is low: having none is no news.
impl Default for Stock {
    fn default() -> Stock {
        Stock { on_hand: 0, delivered: 0, sold: 0, low: true, reservations: Vec::new() }
    }
}

/// Why a count or an adjustment can't be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotSo {
    /// There would be less than nothing on hand.
    Negative,
    /// 64 bits do not hold it.
    Overflow,
}

impl Stock {
    /// Pieces of all reservations.
    pub(crate) fn reserved(&self) -> i64 {
        self.reservations.iter().map(|Reservation(_, pieces, _)| pieces).sum()
    }

    /// Whether no piece has come from nowhere or gone there. Sums so that nothing that is stored can overflow it.
    pub(crate) fn adds_up(&self) -> bool {
        let Stock { on_hand, delivered, sold, .. } = *self;
        let reserved = self.reservations.iter().map(|Reservation(_, pieces, _)| i128::from(*pieces));
        let sum = reserved.sum::<i128>() + i128::from(on_hand) + i128::from(sold);
        let least = self.reservations.iter().map(|Reservation(_, pieces, _)| *pieces).chain([on_hand, sold]).min();
        sum == i128::from(delivered) && least >= Some(0)
    }

    /// Frees what was reserved until `t` or before.
    pub(crate) fn expire(&mut self, t: i64) {
        let on_hand = &mut self.on_hand;
        self.reservations.retain(|Reservation(_, pieces, expires)| {
            let lives = *expires > t;
            if !lives {
                *on_hand += pieces;
            }
            lives
        });
    }

    /// Takes pieces off hand; whoever calls has looked whether there are as many.
    pub(crate) fn reserve(&mut self, order: &str, pieces: i64, expires: i64) {
        self.on_hand -= pieces;
        self.reservations.push(Reservation(order.to_owned(), pieces, expires));
    }

    pub(crate) fn has_reserved(&self, order: &str) -> bool {
        self.reservations.iter().any(|Reservation(of, ..)| of == order)
    }

    /// What was reserved for the order goes out.
    pub(crate) fn sell(&mut self, order: &str) {
        self.sold += self.take_out(order);
    }

    /// What was reserved for the order is free again.
    pub(crate) fn release(&mut self, order: &str) {
        self.on_hand += self.take_out(order);
    }

    fn take_out(&mut self, order: &str) -> i64 {
        let mut taken = 0;
        self.reservations.retain(|Reservation(of, pieces, _)| {
            let stays = of != order;
            if !stays {
                taken += pieces;
            }
            stays
        });
        taken
    }

    /// Somebody has counted: so many pieces are in the house, those that are reserved included.
    pub(crate) fn count(&mut self, pieces: i64) -> Result<(), NotSo> {
        let on_hand = pieces - self.reserved();
        self.adjust(on_hand.checked_sub(self.on_hand).ok_or(NotSo::Overflow)?)
    }

    /// A delivery, or a loss.
    pub(crate) fn adjust(&mut self, delta: i64) -> Result<(), NotSo> {
        let on_hand = self.on_hand.checked_add(delta).ok_or(NotSo::Overflow)?;
        if on_hand < 0 {
            return Err(NotSo::Negative);
        }
        self.delivered = self.delivered.checked_add(delta).ok_or(NotSo::Overflow)?;
        self.on_hand = on_hand;
        Ok(())
    }

    /// Looks whether there is little, and says whether that is news.
    pub(crate) fn crosses(&mut self, low_stock_at: i64) -> bool {
        let low = self.on_hand <= low_stock_at;
        let news = low && !self.low;
        self.low = low;
        news
    }
}

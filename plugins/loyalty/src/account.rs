//! A customer's account: the value of a key, and what can happen to it.
//!
//! `balance` = `lifetime` + `corrected` - `spent`, always: points are earned by orders and taken back by refunds (both change
//! `lifetime`), corrected by people, and spent. Whoever spends must have them; whoever gives back an order whose points are
//! spent already owes them, so a balance may be negative.

use crate::answer::Code;
use crate::window::Window;
use serde::{Deserialize, Serialize};

/// The value; as JSON it is what the page of messages says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Records that had an event.
    pub(crate) seq: i64,
    pub(crate) balance: i64,
    /// Points earned, less those that refunds took back: what tiers go by.
    pub(crate) lifetime: i64,
    /// As the last balance said it: whoever rises or falls is told once.
    pub(crate) tier: String,
    pub(crate) corrected: i64,
    pub(crate) spent: i64,
    /// Days since the Unix epoch, UTC: that of the latest order.
    pub(crate) day: i64,
    /// Points earned on `day`.
    pub(crate) day_points: i64,
    /// The last orders: id, total in cents, points, cents refunded so far.
    pub(crate) orders: Window<4>,
    /// Ids of the last adjustments.
    pub(crate) adjustments: Window<1>,
}

/// Why nothing comes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotSo {
    /// The customer is told.
    Refused(Code),
    /// 64 bits do not hold it: the record is no record.
    Overflow,
}

/// What an order earned, and what the daily cap kept back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Earned {
    pub(crate) points: i64,
    pub(crate) capped: i64,
}

impl Account {
    /// Of somebody who has not been seen before.
    pub(crate) fn new(tier: &str) -> Account {
        Account {
            seq: 0,
            balance: 0,
            lifetime: 0,
            tier: tier.to_owned(),
            corrected: 0,
            spent: 0,
            day: 0,
            day_points: 0,
            orders: Window::default(),
            adjustments: Window::default(),
        }
    }

    /// Whether no point has come from nowhere or gone there.
    pub(crate) fn adds_up(&self) -> bool {
        let Account { balance, lifetime, corrected, spent, .. } = *self;
        let sum = i128::from(lifetime) + i128::from(corrected) - i128::from(spent);
        sum == i128::from(balance) && lifetime >= 0 && spent >= 0
    }

    pub(crate) fn knows_order(&self, id: &str) -> bool {
        self.orders.contains(id)
    }

    pub(crate) fn knows_adjustment(&self, id: &str) -> bool {
        self.adjustments.contains(id)
    }

    /// An order on `day` that is worth `points`, if the day still has room for them.
    pub(crate) fn earn(
        &mut self,
        (id, total_cents): (&str, i64),
        points: i128,
        day: i64,
        daily_cap: i64,
        window: usize,
    ) -> Result<Earned, NotSo> {
        if day > self.day {
            (self.day, self.day_points) = (day, 0);
        }
        let room = daily_cap.saturating_sub(self.day_points).max(0);
        let earned = i64::try_from(points).map_or(room, |points| points.min(room));
        let capped = i64::try_from(points - i128::from(earned)).map_err(|_| NotSo::Overflow)?;
        self.balance = plus(self.balance, earned)?;
        self.lifetime = plus(self.lifetime, earned)?;
        self.day_points = plus(self.day_points, earned)?;
        self.orders.push([id, &total_cents.to_string(), &earned.to_string(), "0"], window);
        Ok(Earned { points: earned, capped })
    }

    /// Takes back what the refunded part of an order has earned. Sums are of the whole order, so that no rounding is left
    /// when all of it is refunded, in however many parts.
    pub(crate) fn refund(&mut self, order: &str, amount_cents: i64) -> Result<i64, NotSo> {
        let [_, total, points, refunded] = self.orders.get(order).ok_or(NotSo::Refused(Code::UnknownOrder))?;
        let [total_cents, earned, before] = [total, points, refunded].map(number);
        let now = before.checked_add(amount_cents).filter(|now| *now <= total_cents);
        let now = now.ok_or(NotSo::Refused(Code::RefundTooLarge))?;
        let taken = share(earned, now, total_cents)? - share(earned, before, total_cents)?;
        let (total, points) = (total.to_owned(), points.to_owned());
        self.orders.replace([order, &total, &points, &now.to_string()]);
        self.balance = plus(self.balance, -taken)?;
        self.lifetime = plus(self.lifetime, -taken)?;
        Ok(taken)
    }

    /// Somebody has made a mistake, and somebody else puts it right.
    pub(crate) fn correct(&mut self, points: i64) -> Result<(), NotSo> {
        self.balance = plus(self.balance, points)?;
        self.corrected = plus(self.corrected, points)?;
        Ok(())
    }

    /// Spends points that are there.
    pub(crate) fn spend(&mut self, points: i64) -> Result<(), NotSo> {
        if points > self.balance {
            return Err(NotSo::Refused(Code::InsufficientPoints));
        }
        self.balance = plus(self.balance, -points)?;
        self.spent = plus(self.spent, points)?;
        Ok(())
    }

    pub(crate) fn remember_adjustment(&mut self, id: &str, window: usize) {
        self.adjustments.push([id], window);
    }
}

/// A number that this plugin has written.
fn number(word: &str) -> i64 {
    match word.parse() {
        Ok(number) => number,
        Err(error) => panic!("the account has {word:?} for a number: {error}"),
    }
}

fn plus(sum: i64, amount: i64) -> Result<i64, NotSo> {
    sum.checked_add(amount).ok_or(NotSo::Overflow)
}

/// `points` x `part` / `whole`, rounded down; a part of nothing is nothing.
fn share(points: i64, part: i64, whole: i64) -> Result<i64, NotSo> {
    let share = (i128::from(points) * i128::from(part)).checked_div(i128::from(whole)).unwrap_or(0);
    i64::try_from(share).map_err(|_| NotSo::Overflow)
}

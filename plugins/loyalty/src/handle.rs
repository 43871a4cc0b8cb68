//! One record: what it does to its account, and the event that says so.

use crate::account::{Account, Earned, NotSo};
use crate::answer::{Event, Kind, Source};
use crate::message::{Adjustment, Change, Order};
use crate::refusal::overflow;
use crate::{DUPLICATE_ADJUSTMENTS, DUPLICATE_ORDERS, Loyalty};
use wasmill_sdk::Failure;

/// Milliseconds of a day without leap seconds, as Unix time has it.
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Cents of a dollar times the basis points of one.
const UNITS: i128 = 100 * 10_000;

impl Loyalty {
    /// Points for an order. `None`: it has them already, and the account is as it was.
    pub(crate) fn earn<'a>(
        &self,
        order: &'a Order<'_>,
        t: i64,
        source: Source,
        account: &mut Account,
    ) -> Result<Option<Event<'a>>, Failure> {
        let Order { order_id, customer_id, total_cents } = order;
        if account.knows_order(order_id) {
            DUPLICATE_ORDERS.add(1);
            return Ok(None);
        }
        account.seq += 1;
        let multiplier = self.tiers.of(account.lifetime).multiplier_bp;
        let factors = [*total_cents, self.config.points_per_dollar, multiplier];
        let points = factors.into_iter().map(i128::from).product::<i128>() / UNITS;
        let order = (&**order_id, *total_cents);
        let earned = account.earn(order, points, t / DAY_MS, self.config.daily_cap, self.config.order_window);
        let Earned { points, capped } = earned.map_err(|_| overflow())?;
        let event = Event::new(Kind::Earned, customer_id, account.seq, source);
        Ok(Some(Event { order_id: Some(order_id), points: Some(points), capped: Some(capped), ..event }))
    }

    /// A refund, a correction, or points spent. `None`: that was so already, and the account is as it was.
    pub(crate) fn adjust<'a>(
        &self,
        adjustment: &'a Adjustment<'_>,
        source: Source,
        account: &mut Account,
    ) -> Result<Option<Event<'a>>, Failure> {
        let Adjustment { adjustment_id, customer_id, change } = adjustment;
        if account.knows_adjustment(adjustment_id) {
            DUPLICATE_ADJUSTMENTS.add(1);
            return Ok(None);
        }
        account.seq += 1;
        // Also if it is refused: who asks once more gets no other answer by chance.
        account.remember_adjustment(adjustment_id, self.config.adjustment_window);
        let (done, order_id) = match change {
            Change::Refund { order_id, amount_cents } => {
                let taken = account.refund(order_id, *amount_cents);
                (taken.map(|points| (Kind::Refunded, points)), Some(&**order_id))
            }
            Change::Correction { points } => (account.correct(*points).map(|()| (Kind::Corrected, *points)), None),
            Change::Spend { points } => (account.spend(*points).map(|()| (Kind::Spent, *points)), None),
        };
        let seq = account.seq;
        let event = |kind| Event { adjustment_id: Some(adjustment_id), ..Event::new(kind, customer_id, seq, source) };
        match done {
            Ok((kind, points)) => Ok(Some(Event { order_id, points: Some(points), ..event(kind) })),
            Err(NotSo::Refused(code)) => Ok(Some(Event { code: Some(code), ..event(Kind::Refused) })),
            Err(NotSo::Overflow) => Err(overflow()),
        }
    }
}

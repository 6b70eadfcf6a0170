//! All tries of one delivery, and what is to be done about it.

use jiff::Timestamp;
use pointsman_github::HookDelivery;

use super::PATIENCE;
use crate::report::Action;

/// After so many times in vain it is fetched instead: our door is shut.
const IN_VAIN: u32 = 2;
const TOO_LARGE: u16 = 413;

/// All tries of one delivery, as far as the list was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    /// One was answered with 2xx.
    pub done: bool,
    /// The newest try's number.
    pub newest: u64,
    /// When the oldest one was.
    pub first: Timestamp,
    pub event: String,
    pub action: Option<String>,
    pub repository: Option<u64>,
    pub installation: Option<u64>,
    /// The newest one is on its way.
    pending: bool,
    too_large: bool,
    in_vain: u32,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// It may be on its way.
    Wait,
    /// GitHub is asked to send it again.
    Redeliver,
    /// It is fetched.
    Fetch,
}

impl Step {
    pub fn action(self) -> Action {
        match self {
            Self::Wait => Action::Waiting,
            Self::Redeliver => Action::Redelivered,
            Self::Fetch => Action::Fetched,
        }
    }
}

impl Group {
    pub fn new(row: HookDelivery, now: Timestamp) -> Self {
        let mut group = Self {
            done: false,
            newest: 0,
            first: row.delivered_at.unwrap_or(now),
            event: row.event.clone(),
            action: row.action.clone(),
            repository: row.repository_id,
            installation: row.installation_id,
            pending: false,
            too_large: false,
            in_vain: 0,
        };
        group.add(&row, now);
        group
    }

    /// One more try.
    pub fn add(&mut self, row: &HookDelivery, now: Timestamp) {
        let at = row.delivered_at.unwrap_or(now);
        self.done |= (200..300).contains(&row.status_code);
        self.first = self.first.min(at);
        self.too_large |= row.status_code == TOO_LARGE;
        // One whose answer was never told has failed, too.
        let pending = row.status_code == 0 && row.status == "pending" && now.duration_since(at) < PATIENCE;
        self.in_vain += u32::from(row.redelivery && !pending);
        if row.id > self.newest {
            (self.newest, self.pending) = (row.id, pending);
        }
    }

    pub fn step(&self) -> Step {
        match () {
            () if self.pending => Step::Wait,
            () if self.too_large || self.in_vain >= IN_VAIN => Step::Fetch,
            () => Step::Redeliver,
        }
    }

    /// `issues.opened`, or without an action `push`.
    pub fn full_event(&self) -> String {
        self.action.as_ref().map_or_else(|| self.event.clone(), |action| format!("{}.{action}", self.event))
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_767_225_600, 0);

    /// A try so many seconds ago; `again` = of a redelivery.
    fn row(id: u64, ago: i64, status_code: u16, again: bool) -> HookDelivery {
        HookDelivery {
            id,
            guid: "g".into(),
            delivered_at: Some(NOW - SignedDuration::from_secs(ago)),
            redelivery: again,
            status: if status_code == 0 { "pending" } else { "" }.into(),
            status_code,
            event: "issues".into(),
            action: Some("opened".into()),
            repository_id: None,
            installation_id: None,
        }
    }

    fn group(rows: &[HookDelivery]) -> Group {
        let mut group = Group::new(rows[0].clone(), NOW);
        rows[1..].iter().for_each(|row| group.add(row, NOW));
        group
    }

    #[test]
    fn what_is_done_about_a_delivery_follows_from_all_its_tries() {
        let cases = [
            (vec![row(1, 60, 502, false)], Step::Redeliver),
            (vec![row(1, 60, 401, false)], Step::Redeliver),
            (vec![row(1, 60, 0, false)], Step::Wait),
            (vec![row(1, 299, 0, false)], Step::Wait),
            (vec![row(1, 300, 0, false)], Step::Redeliver),
            (vec![row(2, 60, 0, true), row(1, 900, 502, false)], Step::Wait),
            (vec![row(2, 60, 502, true), row(1, 900, 502, false)], Step::Redeliver),
            (vec![row(3, 60, 502, true), row(2, 600, 502, true), row(1, 900, 502, false)], Step::Fetch),
            (vec![row(1, 60, 413, false)], Step::Fetch),
            (vec![row(2, 60, 502, true), row(1, 900, 413, false)], Step::Fetch),
        ];
        for (rows, step) in cases {
            let group = group(&rows);
            assert_eq!((group.done, group.step()), (false, step), "{rows:?}");
            assert_eq!(group.newest, rows[0].id);
            assert_eq!(group.full_event(), "issues.opened");
        }
    }

    #[test]
    fn one_good_try_is_enough_whenever_it_was() {
        for rows in [
            [row(2, 60, 202, true), row(1, 900, 502, false)],
            [row(2, 60, 502, true), row(1, 900, 200, false)],
        ] {
            assert!(group(&rows).done);
        }
    }
}

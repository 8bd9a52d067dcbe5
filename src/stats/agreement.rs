//! Agreement of two judges beyond chance: Cohen's kappa.

use std::ops::{Add, AddAssign};

use serde::Serialize;

use super::t95;

/// Counts of two judges' yes and no over the same things.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Both said yes.
    pub both: u64,
    /// Only the first said yes.
    pub first: u64,
    /// Only the second said yes.
    pub second: u64,
    /// Neither said yes.
    pub neither: u64,
}

impl Table {
    /// The table of one thing.
    pub fn one(first: bool, second: bool) -> Self {
        let n = |yes: bool| u64::from(yes);
        Self {
            both: n(first && second),
            first: n(first && !second),
            second: n(!first && second),
            neither: n(!first && !second),
        }
    }

    fn total(self) -> u64 {
        self.both + self.first + self.second + self.neither
    }

    /// `(p_o - p_e) / (1 - p_e)` (Cohen 1960); `None` where one of the judges always or never said yes, since then there is
    /// no agreement to measure: the formula would give 0, whatever the other said.
    ///
    /// ```
    /// use groundwire::stats::Table;
    ///
    /// let table = Table { both: 20, first: 5, second: 10, neither: 15 };
    /// assert!((table.kappa().unwrap() - 0.4).abs() < 1e-12);
    /// assert_eq!(Table { second: 5, neither: 50, ..Table::default() }.kappa(), None);
    /// ```
    pub fn kappa(self) -> Option<f64> {
        let n = self.total() as f64;
        let observed = (self.both + self.neither) as f64 / n;
        let (first, second) = ((self.both + self.first) as f64 / n, (self.both + self.second) as f64 / n);
        let expected = first * second + (1.0 - first) * (1.0 - second);
        let differs = |share: f64| share > 0.0 && share < 1.0;
        (differs(first) && differs(second)).then(|| (observed - expected) / (1.0 - expected))
    }
}

impl Add for Table {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            both: self.both + other.both,
            first: self.first + other.first,
            second: self.second + other.second,
            neither: self.neither + other.neither,
        }
    }
}

impl AddAssign for Table {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Table {
    /// What is left without a part of it.
    fn without(self, other: Self) -> Self {
        Self {
            both: self.both - other.both,
            first: self.first - other.first,
            second: self.second - other.second,
            neither: self.neither - other.neither,
        }
    }
}

/// Cohen's kappa with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Kappa {
    /// Cohen's kappa.
    pub kappa: f64,
    /// The lower end of the interval; `None` with fewer than two clusters, where leaving one out leaves no kappa, or where
    /// leaving any out changes nothing, as with perfect agreement.
    pub low: Option<f64>,
    /// The upper end of the interval.
    pub high: Option<f64>,
}

/// Cohen's kappa over clusters of things, say the turns of one conversation each.
///
/// The interval is `kappa ± t(m - 1) * se`, t at 97.5 %, with the delete-one-cluster jackknife's
/// `se^2 = (m - 1) / m * sum((k_i - mean(k))^2)` (Efron & Tibshirani 1993, ch. 11), cut to -1 … 1: clusters, and not
/// the turns in them, are what was drawn independently.
pub fn kappa_by_cluster(clusters: &[Table]) -> Option<Kappa> {
    let total = clusters.iter().fold(Table::default(), |sum, table| sum + *table);
    let kappa = total.kappa()?;
    let left_out: Option<Vec<f64>> = clusters.iter().map(|table| total.without(*table).kappa()).collect();
    let ends = left_out.filter(|values| values.len() > 1).map(|values| {
        let m = values.len() as f64;
        let mean = values.iter().sum::<f64>() / m;
        let half = t95(m - 1.0) * ((m - 1.0) / m * values.iter().map(|k| (k - mean).powi(2)).sum::<f64>()).sqrt();
        (half > 1e-12).then(|| ((kappa - half).max(-1.0), (kappa + half).min(1.0)))
    });
    let ends = ends.flatten();
    Some(Kappa { kappa, low: ends.map(|(low, _)| low), high: ends.map(|(_, high)| high) })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_agrees_with_the_large_sample_formula_where_things_are_independent() {
        // 50 things a cell of the classic example; Fleiss, Cohen & Everitt 1969 give se = .1265 at n = 50.
        let things = [(20, true, true), (5, true, false), (10, false, true), (15, false, false)];
        let clusters: Vec<Table> = things.iter().flat_map(|&(n, a, b)| (0..n).map(move |_| Table::one(a, b))).collect();
        let kappa = kappa_by_cluster(&clusters).unwrap();
        assert!((kappa.kappa - 0.4).abs() < 1e-12);
        let se = (kappa.high.unwrap() - kappa.low.unwrap()) / (2.0 * t95(49.0));
        assert!((se - 0.1265).abs() < 0.006, "{se}");
    }

    #[test]
    fn perfect_and_opposite() {
        let same = [Table::one(true, true), Table::one(false, false), Table::one(true, true), Table::one(false, false)];
        let perfect = kappa_by_cluster(&same).unwrap();
        assert_eq!((perfect.kappa, perfect.low), (1.0, None), "nothing is known of how far it could be off");
        let opposite = [Table::one(true, false), Table::one(false, true)];
        assert_eq!(kappa_by_cluster(&opposite).unwrap().kappa, -1.0);
        assert_eq!(kappa_by_cluster(&[]), None);
    }

    #[test]
    fn one_cluster_gives_no_interval() {
        let one = [Table { both: 3, first: 1, second: 1, neither: 5 }];
        let kappa = kappa_by_cluster(&one).unwrap();
        assert_eq!((kappa.low, kappa.high), (None, None));
    }
}

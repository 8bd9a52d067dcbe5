//! Statistics: pure functions of numbers, each with its formula and its source.

mod agreement;
mod proportion;

pub use agreement::{Kappa, Table, kappa_by_cluster};
pub use proportion::{Share, share_by_cluster};

/// The 97.5 % quantile of the normal distribution: two-sided intervals of 95 %.
pub(crate) const Z95: f64 = 1.959_963_984_540_054;

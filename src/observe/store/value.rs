//! Values on their way into the store and out of it, the same for both engines.

use std::borrow::Cow;

use super::Fault;
use crate::dialogue::Id;

/// What is bound to a place in a statement.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Null,
    Int(i64),
    Real(f64),
    Text(Cow<'static, str>),
    Id(Id),
}

/// A row of a result.
pub(super) trait Row {
    fn int(&self, at: usize) -> Result<Option<i64>, Fault>;
    fn real(&self, at: usize) -> Result<Option<f64>, Fault>;
    fn text(&self, at: usize) -> Result<Option<&str>, Fault>;
    fn id(&self, at: usize) -> Result<Option<Id>, Fault>;
}

/// Reads a row from left to right.
pub(super) struct Cells<'r> {
    row: &'r dyn Row,
    at: usize,
}

impl<'r> Cells<'r> {
    pub(super) fn of(row: &'r dyn Row) -> Self {
        Self { row, at: 0 }
    }

    fn next(&mut self) -> usize {
        self.at += 1;
        self.at - 1
    }

    pub(super) fn int(&mut self) -> Result<Option<i64>, Fault> {
        let at = self.next();
        self.row.int(at)
    }

    /// A whole number that must be there.
    pub(super) fn whole(&mut self) -> Result<i64, Fault> {
        Ok(self.int()?.unwrap_or(0))
    }

    pub(super) fn flag(&mut self) -> Result<bool, Fault> {
        Ok(self.whole()? != 0)
    }

    pub(super) fn count(&mut self) -> Result<u64, Fault> {
        Ok(u64::try_from(self.whole()?).unwrap_or(0))
    }

    pub(super) fn some_count(&mut self) -> Result<Option<u64>, Fault> {
        Ok(self.int()?.map(|value| u64::try_from(value).unwrap_or(0)))
    }

    pub(super) fn real(&mut self) -> Result<Option<f64>, Fault> {
        let at = self.next();
        self.row.real(at)
    }

    pub(super) fn text(&mut self) -> Result<Option<&'r str>, Fault> {
        let at = self.next();
        self.row.text(at)
    }

    pub(super) fn id(&mut self) -> Result<Option<Id>, Fault> {
        let at = self.next();
        self.row.id(at)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Real(value)
    }
}

impl From<f32> for Value {
    fn from(value: f32) -> Self {
        Self::Real(f64::from(value))
    }
}

impl From<Id> for Value {
    fn from(value: Id) -> Self {
        Self::Id(value)
    }
}

impl From<&Cow<'static, str>> for Value {
    fn from(value: &Cow<'static, str>) -> Self {
        // PostgreSQL takes no NUL in a text; a client may put one into a model's name.
        if value.contains('\0') {
            Self::Text(value.replace('\0', "\u{fffd}").into())
        } else {
            Self::Text(value.clone())
        }
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::from(&Cow::<'static, str>::Owned(value))
    }
}

impl From<&'static str> for Value {
    fn from(value: &'static str) -> Self {
        Self::Text(Cow::Borrowed(value))
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

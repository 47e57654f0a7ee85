//! Exact decimal amounts that are JSON numbers on the wire.
//!
//! `rust_decimal` writes text by default and binary floats would turn 0.1 + 0.2 into 0.30000000000000004, so every
//! amount, rate, quantity and balance is this type. It reads what JavaScript and Python write (`1e-7` too), refuses what
//! it could not keep exactly, and writes without trailing zeros: 0.1560 and 0.156 are one amount and one text.

use std::fmt;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An exact decimal number: money, a rate, a quantity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(Decimal);

/// Why a number cannot be an [`Amount`].
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum AmountError {
    /// Not a number at all.
    #[error("`{0}` is not a decimal number")]
    NotANumber(String),
    /// More digits than 96 bits hold; keeping it would mean rounding.
    #[error("`{0}` has more digits than can be kept exactly")]
    TooPrecise(String),
}

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(Decimal::ZERO);
    /// One unit.
    pub const ONE: Self = Self(Decimal::ONE);

    /// The number itself, for arithmetic that needs more than adding.
    pub fn decimal(self) -> Decimal {
        self.0
    }

    /// Whether it is exactly nothing.
    pub fn is_zero(self) -> bool {
        self.0.is_zero()
    }

    /// Whether it is below zero.
    pub fn is_negative(self) -> bool {
        self.0 < Decimal::ZERO
    }

    /// Whether it is above zero.
    pub fn is_positive(self) -> bool {
        self.0 > Decimal::ZERO
    }

    /// The sum, or `None` when it cannot be represented.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self::from)
    }

    /// The product, or `None` when it cannot be represented.
    pub fn checked_mul(self, other: Self) -> Option<Self> {
        self.0.checked_mul(other.0).map(Self::from)
    }

    /// The quotient, or `None` for a division by zero or an unrepresentable result.
    pub fn checked_div(self, other: Self) -> Option<Self> {
        self.0.checked_div(other.0).map(Self::from)
    }
}

impl From<Decimal> for Amount {
    fn from(value: Decimal) -> Self {
        Self(value.normalize())
    }
}

impl From<i64> for Amount {
    fn from(value: i64) -> Self {
        Self(Decimal::from(value))
    }
}

impl FromStr for Amount {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        let exact = if text.contains(['e', 'E']) {
            Decimal::from_scientific(text)
        } else {
            Decimal::from_str_exact(text)
        };
        match exact {
            Ok(value) => Ok(Self::from(value)),
            // The rounding parser tells "too many digits" from "no number".
            Err(_) if text.parse::<f64>().is_ok_and(f64::is_finite) => {
                Err(AmountError::TooPrecise(text.to_owned()))
            }
            Err(_) => Err(AmountError::NotANumber(text.to_owned())),
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Add for Amount {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self::from(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Amount {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Amount {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self::from(self.0.saturating_sub(other.0))
    }
}

impl SubAssign for Amount {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Neg for Amount {
    type Output = Self;
    fn neg(self) -> Self {
        Self::from(-self.0)
    }
}

impl std::iter::Sum for Amount {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::ZERO, Add::add)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        rust_decimal::serde::arbitrary_precision::serialize(&self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde_json::Number::deserialize(deserializer)?.to_string().parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Amount {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn reads_and_writes_json_numbers_exactly() {
        for (json, text) in [
            ("0.1560", "0.156"),
            ("20", "20"),
            ("1e-7", "0.0000001"),
            ("1.5E+2", "150"),
            ("-0.156", "-0.156"),
        ] {
            assert_eq!(serde_json::to_string(&read(json)).unwrap(), text);
        }
        assert_eq!(read("0.1") + read("0.2"), read("0.3"));
    }

    #[test]
    fn refuses_text_and_what_it_would_have_to_round() {
        assert!(serde_json::from_str::<Amount>("\"1\"").is_err());
        assert!(matches!(
            "0.12345678901234567890123456789".parse::<Amount>(),
            Err(AmountError::TooPrecise(_))
        ));
        assert!(matches!("1e40".parse::<Amount>(), Err(AmountError::TooPrecise(_))));
        assert!(matches!("NaN".parse::<Amount>(), Err(AmountError::NotANumber(_))));
    }
}

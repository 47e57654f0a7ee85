//! The wire format, one file per part of the API.
//!
//! Names and optionality follow the API's description; amounts are exact decimals, times are UTC timestamps.

mod assets;
mod customers;
mod events;
mod portal;
mod problem;
mod products;
mod vendors;
mod wallet;
mod webhooks;

pub use assets::*;
pub use customers::*;
pub use events::*;
pub use portal::*;
pub use problem::*;
pub use products::*;
pub use vendors::*;
pub use wallet::*;
pub use webhooks::*;

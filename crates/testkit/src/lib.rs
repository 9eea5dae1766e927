//! Tools for testing: the simulated county, and real servers for tests.

pub mod postgres;
#[cfg(feature = "sim")]
pub mod sim;
pub mod small;

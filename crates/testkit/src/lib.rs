//! Tools for testing: the simulated county.

pub mod sim;

//! The administrator's commands on a real county: the demo's, with its past, loaded once.

mod county;
mod rebuild;

//! The administrator's commands on a real county: the demo's, with its past, loaded once.

mod backup;
mod bytes;
mod changed;
mod county;
mod disk;
mod doctor;
mod import;
mod key;
mod lost;
mod rebuild;
mod server;

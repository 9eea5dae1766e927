//! Pages and API over the service: handlers parse, call one use case, render. Rights are never
//! decided here.

pub mod api;
pub mod app;
pub mod i18n;
mod log;
pub mod ops;
pub mod pages;
pub mod receipt;
pub mod view;

pub use app::{App, router};

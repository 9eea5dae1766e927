//! What an administrator relies on: archives, and a new master key.

mod archive;
mod county;
mod rotate;

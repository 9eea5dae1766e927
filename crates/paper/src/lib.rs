//! Paper: what leaves and enters the county as a sheet or a printed page. A leaf: it knows values and cells, no mechanism.

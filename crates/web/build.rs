//! Stops with a clear word when the built files of `web/dist` are missing: they are part of the binary.

use std::path::Path;

fn main() {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/dist");
    println!("cargo:rerun-if-changed={}", dist.display());
    if !dist.join("manifest.json").is_file() {
        println!(
            "cargo:warning=web/dist is missing: run `./x` (or `node web/build.mjs`), which builds it before cargo"
        );
        std::process::exit(1);
    }
}

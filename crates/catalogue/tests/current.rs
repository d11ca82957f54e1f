//! What is committed is what is generated.
#![cfg(test)]

use std::path::Path;

#[test]
fn every_list_of_services_is_what_catalogue_toml_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for output in catalogue::outputs(&root).unwrap() {
        assert!(
            output.is_current(),
            "{} is stale: `cargo run -p catalogue write` mends it\n--- as it is\n{}\n--- as it should be\n{}",
            output.path,
            output.current.unwrap_or_default(),
            output.wanted
        );
    }
}

//! What is looked at of a component before it is compiled.

use sandglass_runtime::{Limits, LoadError, check_component};

use super::contract::is_message;

const BYTES_MAX: u64 = 3_000;
const WORLD: [&str; 2] = ["sandglass:transform/log@0.1.0", "sandglass:transform/types@0.1.0"];

pub fn run(data: &[u8]) {
    let limits = Limits {
        component_bytes: BYTES_MAX,
        ..Limits::default()
    };
    let large = data.len() as u64 > BYTES_MAX;
    // What the compiler's validation makes of it.
    let valid = || wasmparser::Validator::new().validate_all(data);
    let scanned = check_component(data, &limits);
    if let Err(error) = &scanned {
        is_message(&error.to_string());
    }
    match scanned {
        Ok(imports) => {
            assert!(!large);
            assert!(imports.iter().all(|import| WORLD.contains(&import.as_str())));
            if let Ok(types) = valid() {
                for import in WORLD {
                    let is_there = types.as_ref().component_item_for_import(import).is_some();
                    assert_eq!(imports.iter().any(|name| name == import), is_there, "{import}");
                }
            }
        }
        Err(LoadError::TooLarge { used, .. }) => assert!(large && used == data.len() as u64),
        Err(LoadError::Imports { imports }) => {
            assert!(!imports.is_empty() && imports.iter().all(|import| !WORLD.contains(&import.as_str())));
            if let Ok(types) = valid() {
                for import in imports.iter().filter(|import| import.len() < 128) {
                    assert!(types.as_ref().component_item_for_import(import).is_some(), "{import}");
                }
            }
        }
        Err(LoadError::NotAComponent { message }) => {
            // Core modules are valid too.
            let is_component = data.get(4..8) == Some(&[0x0d, 0, 1, 0]);
            assert!(!is_component || valid().is_err(), "valid, but {message}");
        }
        Err(LoadError::TooMany { used, allowed, .. }) => assert!(used > allowed),
        Err(error) => panic!("{error} before anything was compiled"),
    }
}

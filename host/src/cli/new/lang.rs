use super::sdk;

/// What transformations are written in.
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lang {
    /// A crate.
    Rust,
}

/// The versions that the example's crate is built with, which its tests are run with, too.
const LOCK: &str = include_str!("../../../../examples/purchases/transformations/purchases/Cargo.lock");

const LOCKED: &str = "name = \"purchases\"";
const OWN: &str = "name = \"{{name}}_orders\"";

impl Lang {
    /// Its name, for people.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Rust => "Rust",
        }
    }

    /// What runs the tests of the functions, in their folder.
    pub(super) fn tests(self) -> &'static str {
        match self {
            Self::Rust => "cargo test",
        }
    }

    /// The transformation, its tests and what builds it, by their paths in its folder.
    pub(super) fn files(self) -> Vec<(&'static str, String)> {
        let files = match self {
            Self::Rust => vec![
                ("Cargo.toml", include_str!("templates/rust/Cargo.toml.txt")),
                ("Cargo.lock", LOCK),
                ("src/lib.rs", include_str!("templates/rust/lib.rs")),
            ],
        };
        let own = |(path, text): (&'static str, &str)| (path, text.replace(LOCKED, OWN));
        files.into_iter().map(own).collect()
    }

    /// The SDK.
    pub(super) fn sdk(self) -> sdk::Files {
        match self {
            Self::Rust => sdk::RUST,
        }
    }
}

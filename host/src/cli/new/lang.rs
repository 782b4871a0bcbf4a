use super::sdk;

/// What transformations are written in.
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lang {
    /// A crate.
    Rust,
    /// A module.
    Python,
    /// A package of npm.
    Typescript,
    /// A module of Go.
    Go,
    /// Source files and `compile_flags.txt`.
    C,
}

/// The versions that the example's crate is built with, which its tests are run with, too.
const LOCK: &str = include_str!("../../../../examples/purchases/transformations/purchases/Cargo.lock");
const LOCKED: &str = "name = \"purchases\"";
const OWN: &str = "name = \"{{name}}_orders\"";

macro_rules! template {
    ($language:literal: $($path:literal <- $file:literal),+ $(,)?) => {
        vec![$(($path, include_str!(concat!("templates/", $language, "/", $file)))),+]
    };
}

impl Lang {
    /// Its name, for people.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Rust => "Rust",
            Self::Python => "Python",
            Self::Typescript => "TypeScript",
            Self::Go => "Go",
            Self::C => "C",
        }
    }

    /// What runs the tests of the functions, in their folder.
    pub(super) fn tests(self) -> &'static str {
        match self {
            Self::Rust => "cargo test",
            Self::Python => "python3 -m pytest",
            Self::Typescript => "npm install && npm test",
            Self::Go => "go test ./...",
            Self::C => "make test",
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
            Self::Python => template!["python":
                "pyproject.toml" <- "pyproject.toml",
                ".gitignore" <- "gitignore",
                "orders.py" <- "orders.py",
                "tests/test_orders.py" <- "tests/test_orders.py",
            ],
            Self::Typescript => template!["typescript":
                "package.json" <- "package.json",
                "tsconfig.json" <- "tsconfig.json",
                ".gitignore" <- "gitignore",
                "src/index.ts" <- "src/index.ts",
                "src/index.test.ts" <- "src/index.test.ts",
            ],
            Self::Go => template!["go":
                "go.mod" <- "go.mod.txt",
                "main.go" <- "main.go",
                "order_details.go" <- "order_details.go",
                "order_details_test.go" <- "order_details_test.go",
            ],
            Self::C => template!["c":
                "compile_flags.txt" <- "compile_flags.txt",
                "Makefile" <- "Makefile",
                "order_details.c" <- "order_details.c",
                "order_details_test.c" <- "order_details_test.c",
            ],
        };
        let own = |(path, text): (&'static str, &str)| (path, text.replace(LOCKED, OWN));
        files.into_iter().map(own).collect()
    }

    /// The SDK.
    pub(super) fn sdk(self) -> sdk::Files {
        match self {
            Self::Rust => sdk::RUST,
            Self::Python => sdk::PYTHON,
            Self::Typescript => sdk::TYPESCRIPT,
            Self::Go => sdk::GO,
            Self::C => sdk::C,
        }
    }
}

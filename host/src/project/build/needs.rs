//! What has to be on a machine for a language: its own compiler, and nothing of ours. What is missing is told with the command that installs
//! it.

use std::process::{Command, Stdio};

/// A program that a language needs.
#[derive(Debug)]
pub struct Need {
    /// In words.
    pub name: &'static str,
    /// What asks for its version.
    pub command: &'static [&'static str],
    /// The least version that will do.
    pub least: &'static [u32],
    /// What installs it, but for the names of the system and the processor.
    install: &'static str,
}

pub(super) const RUST: Need = Need {
    name: "Rust",
    command: &["rustc", "--version"],
    least: &[1, 88],
    install: "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y",
};

pub(super) const RUST_TARGET: Need = Need {
    name: "the target wasm32-unknown-unknown",
    command: &[
        "rustc",
        "--print",
        "target-libdir",
        "--target",
        "wasm32-unknown-unknown",
    ],
    least: &[],
    install: "rustup target add wasm32-unknown-unknown",
};

pub(super) const GO: Need = Need {
    name: "Go",
    command: &["go", "version"],
    least: &[1, 24],
    install: "curl -L https://go.dev/dl/go1.26.8.{os}-{go}.tar.gz | sudo tar -C /usr/local -xz && export PATH=$PATH:/usr/local/go/bin",
};

pub(super) const PYTHON: Need = Need {
    name: "Python",
    command: &["python3", "--version"],
    least: &[3, 11],
    install: "sudo apt-get install -y python3",
};

pub(super) const PIP: Need = Need {
    name: "pip",
    command: &["python3", "-m", "pip", "--version"],
    least: &[22],
    install: "sudo apt-get install -y python3-pip, or: python3 -m ensurepip --user",
};

pub(super) const NODE: Need = Need {
    name: "Node.js",
    command: &["node", "--version"],
    least: &[20],
    install: "curl -L https://nodejs.org/dist/v20.20.2/node-v20.20.2-{os}-{node}.tar.gz | sudo tar -C /usr/local --strip-components 1 -xz",
};

pub(super) const NPM: Need = Need {
    name: "npm",
    command: &["npm", "--version"],
    least: &[9],
    install: "it comes with Node.js: install that again",
};

/// What was found of a need.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// It is there, with this version.
    There(String),
    /// It is there, and too old.
    Old(String),
    /// It is not there.
    Missing,
}

impl Need {
    /// The command that installs it.
    pub fn install(&self) -> String {
        let (os, go, node) = match (std::env::consts::OS, std::env::consts::ARCH) {
            ("macos", "aarch64") => ("darwin", "arm64", "arm64"),
            ("macos", _) => ("darwin", "amd64", "x64"),
            (_, "aarch64") => ("linux", "arm64", "arm64"),
            _ => ("linux", "amd64", "x64"),
        };
        self.install
            .replace("{os}", os)
            .replace("{go}", go)
            .replace("{node}", node)
    }

    /// Looks whether it is there.
    pub fn look(&self) -> Found {
        let Some((program, arguments)) = self.command.split_first() else {
            return Found::Missing;
        };
        let output = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output();
        let text = match output {
            Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout).into_owned(),
            _ => return Found::Missing,
        };
        if self.least.is_empty() {
            // It answers where it would be.
            let is_there = std::path::Path::new(text.trim()).is_dir();
            return if is_there {
                Found::There(String::new())
            } else {
                Found::Missing
            };
        }
        self.judge(&text)
    }

    fn judge(&self, text: &str) -> Found {
        match version(text) {
            None => Found::Missing,
            Some(found) => {
                let shown: Vec<_> = found.iter().map(ToString::to_string).collect();
                let shown = shown.join(".");
                // Numbers are compared one by one; what is not said is not less.
                if found.as_slice() < self.least {
                    Found::Old(shown)
                } else {
                    Found::There(shown)
                }
            }
        }
    }

    /// The least version that will do.
    pub fn least_shown(&self) -> String {
        let shown: Vec<_> = self.least.iter().map(ToString::to_string).collect();
        shown.join(".")
    }
}

/// The first numbers with dots between them in what a program says of itself.
fn version(text: &str) -> Option<Vec<u32>> {
    text.split_whitespace().find_map(|word| {
        let digits = word.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        let numbers: Vec<u32> = digits
            .split(['.', '-', '+'])
            .map_while(|part| part.parse().ok())
            .collect();
        (!numbers.is_empty() && digits.contains('.')).then_some(numbers)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_as_programs_say_them() {
        for (text, expected) in [
            ("rustc 1.95.0 (59807616e 2026-04-14)\n", vec![1, 95, 0]),
            ("go version go1.26.8 linux/amd64", vec![1, 26, 8]),
            ("go version go1.27rc1 linux/amd64", vec![1]),
            ("Python 3.11.7", vec![3, 11, 7]),
            (
                "pip 23.2.1 from /root/.pyenv/versions/3.11.7/lib (python 3.11)",
                vec![23, 2, 1],
            ),
            ("v20.20.2\n", vec![20, 20, 2]),
            ("11.19.1\n", vec![11, 19, 1]),
        ] {
            assert_eq!(version(text), Some(expected), "{text}");
        }
        assert_eq!(version("command not found"), None);
        assert_eq!(
            GO.judge("go version go1.19.8 linux/amd64"),
            Found::Old("1.19.8".to_owned())
        );
        assert_eq!(
            GO.judge("go version go1.24.0 linux/amd64"),
            Found::There("1.24.0".to_owned())
        );
        assert_eq!(NODE.judge("v20.0.0"), Found::There("20.0.0".to_owned()));
        assert_eq!(NODE.judge("v18.19.0"), Found::Old("18.19.0".to_owned()));
        assert_eq!(PYTHON.judge("Python 3.9.2"), Found::Old("3.9.2".to_owned()));
    }
}

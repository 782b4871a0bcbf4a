//! The user's own folders, as the XDG base directory specification names them.

use std::path::PathBuf;

/// What can be made again: `$XDG_CACHE_HOME/sandglass`.
pub fn cache() -> PathBuf {
    of("XDG_CACHE_HOME", ".cache")
}

/// What belongs to the user: `$XDG_CONFIG_HOME/sandglass`.
pub fn config() -> PathBuf {
    of("XDG_CONFIG_HOME", ".config")
}

fn of(variable: &str, below_home: &str) -> PathBuf {
    let absolute = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    absolute(variable)
        .or_else(|| absolute("HOME").map(|home| home.join(below_home)))
        .unwrap_or_else(std::env::temp_dir)
        .join("sandglass")
}

use std::path::PathBuf;
use std::process::Command;

/// What Python's guest SDK and what is written with it are tested with, in the environment `guest-1`.
pub const GUEST_TOOLS: &[&str] = &["pytest==9.2.0", "mypy==2.4.1"];

/// A Python with these packages, installed once into the user's cache, in a folder that other packages have another name for.
pub fn python(name: &str, packages: &[&str]) -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .unwrap_or_else(|| PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache"));
    let folder = cache.join(format!("sandglass/python-{name}"));
    let python = folder.join("bin/python");
    let ready = folder.join("ready");
    // Several tests want the same one, and none is there on a new machine.
    std::fs::create_dir_all(folder.parent().unwrap()).unwrap();
    let lock = std::fs::File::create(folder.with_extension("lock")).unwrap();
    lock.lock().unwrap();
    if !ready.exists() {
        let run = |command: &mut Command| {
            let output = command.output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        };
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder));
        run(Command::new(&python)
            .args(["-m", "pip", "install", "-q"])
            .args(packages));
        std::fs::write(ready, "").unwrap();
    }
    python
}

use std::os::unix::fs::PermissionsExt;

use super::*;

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    fn open(&self) -> Result<Artifacts, KeyProblem> {
        Artifacts::open(&self.path("artifacts"), &self.path("config/artifact.key"))
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn mode(&self, path: &str, mode: u32) {
        fs::set_permissions(self.path(path), fs::Permissions::from_mode(mode)).expect("a mode");
    }
}

fn name(text: &str) -> ArtifactName {
    ArtifactName(text.to_owned())
}

#[test]
fn what_was_kept_comes_back() {
    let place = Place::new();
    place.open().expect("opens").put(&name("a"), b"code").expect("kept");
    let again = place.open().expect("opens");
    assert_eq!(again.get(&name("a")).as_deref(), Some(&b"code"[..]));
    assert_eq!(again.get(&name("b")), None);
}

#[test]
fn damage_anywhere_is_seen_and_the_file_removed() {
    let place = Place::new();
    let artifacts = place.open().expect("opens");
    let path = artifacts.path(&name("a"));
    let whole = {
        artifacts.put(&name("a"), b"code").expect("kept");
        fs::read(&path).expect("there")
    };
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut damaged = whole.clone();
            damaged[at] ^= 1 << bit;
            fs::write(&path, &damaged).expect("written");
            assert_eq!(artifacts.get(&name("a")), None, "bit {bit} of byte {at}");
            assert!(!path.exists());
        }
    }
    for length in 0..whole.len() {
        fs::write(&path, &whole[..length]).expect("written");
        assert_eq!(artifacts.get(&name("a")), None, "{length} bytes");
    }
}

#[test]
fn machine_code_of_another_name_or_key_is_foreign() {
    let (place, other) = (Place::new(), Place::new());
    let (artifacts, foreign) = (place.open().expect("opens"), other.open().expect("opens"));
    artifacts.put(&name("a"), b"code").expect("kept");
    fs::copy(artifacts.path(&name("a")), artifacts.path(&name("b"))).expect("copied");
    assert_eq!(artifacts.get(&name("b")), None);
    foreign.put(&name("a"), b"evil").expect("kept");
    fs::copy(foreign.path(&name("a")), artifacts.path(&name("a"))).expect("copied");
    assert_eq!(artifacts.get(&name("a")), None);
}

#[test]
fn a_key_that_others_can_reach_is_refused() {
    let place = Place::new();
    place.open().expect("opens");
    let refused = |message: &str| {
        let said = place.open().expect_err("refused").to_string();
        assert!(said.contains(message), "{said}");
    };
    for mode in [0o640, 0o604, 0o620] {
        place.mode("config/artifact.key", mode);
        refused("can be read by others");
    }
    place.mode("config/artifact.key", 0o600);
    for mode in [0o770, 0o707] {
        place.mode("config", mode);
        refused("can be changed by others");
    }
    place.mode("config", 0o700);
    place.open().expect("opens");
    fs::write(place.path("config/artifact.key"), b"short").expect("written");
    refused("is not a key");
    fs::remove_file(place.path("config/artifact.key")).expect("removed");
    std::os::unix::fs::symlink("/dev/zero", place.path("config/artifact.key")).expect("linked");
    refused("symbolic links");
}

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{Random, seed};

/// Kills the program at random moments of what it does.
///
/// How long that takes is learnt on the way, for each kind of run by itself, as a machine is not equally busy all the time: it is
/// thought to be longer after each run that was cut short, and shorter after each that came to its end. Some 7 of 10 are cut short.
pub struct Kills {
    pub random: Random,
    pub killed: usize,
    pub cut_short: usize,
    takes: BTreeMap<String, Duration>,
}

impl Kills {
    pub fn new() -> Self {
        Self {
            random: Random(seed()),
            killed: 0,
            cut_short: 0,
            takes: BTreeMap::new(),
        }
    }

    /// Kills it at a random moment.
    pub fn kill(&mut self, run: &str, command: Command) {
        #[expect(clippy::disallowed_methods, reason = "a random moment is a time")]
        self.kill_while(run, command, || std::thread::sleep(Duration::from_micros(500)));
    }

    /// The same; until then, `look` is called again and again.
    pub fn kill_while(&mut self, run: &str, command: Command, mut look: impl FnMut()) {
        let takes = *self.takes.entry(run.to_owned()).or_insert(Duration::from_millis(500));
        let moment = u64::try_from(takes.as_micros()).unwrap();
        let deadline = Instant::now() + Duration::from_micros(self.random.below(moment));
        let cut_short = self.kill_when(command, || {
            look();
            Instant::now() >= deadline
        });
        let learnt = if cut_short { takes * 9 / 8 } else { takes * 3 / 4 };
        self.takes.insert(run.to_owned(), learnt.max(Duration::from_millis(10)));
    }

    /// Kills it when that is so, if it has not come to its end before; whether it was cut short.
    pub fn kill_when(&mut self, mut command: Command, mut so: impl FnMut() -> bool) -> bool {
        let spawned = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut child: Child = spawned.unwrap();
        let ended = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if so() {
                child.kill().unwrap();
                break child.wait().unwrap();
            }
        };
        // A run that was not killed has to succeed.
        assert!(ended.code().is_none_or(|code| code == 0), "{command:?}: {ended}");
        let cut_short = ended.code().is_none();
        self.killed += 1;
        self.cut_short += usize::from(cut_short);
        cut_short
    }

    /// Says what was done, and fails if hardly anything was cut short.
    pub fn tell(&self, more: &str) {
        let Self { killed, cut_short, .. } = self;
        eprintln!("{killed} kills, {cut_short} before the end; {more}");
        assert!(
            cut_short * 4 > *killed,
            "{cut_short} of {killed} kills came before the end: too few to tell"
        );
    }
}

//! The side that waits. Whatever the child does, it ends in time, and its answer is bounded.

use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::{CompileLimits, DONE, REFUSED};
use crate::component::LoadError;
use crate::sandbox::Profile;

/// What is kept of what the child says on stderr.
const SAID_BYTES_MAX: u64 = 16 << 10;

pub(super) fn compile(
    program: &Path,
    arguments: &[String],
    limits: &CompileLimits,
    profile: Profile,
    component: &[u8],
) -> Result<Vec<u8>, LoadError> {
    let cores = thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    let mut child = Command::new(program)
        .args(arguments)
        .arg(profile.name())
        .arg((limits.time.as_secs() + 1).saturating_mul(cores).to_string())
        .arg(limits.memory_bytes.to_string())
        // Nothing of the parent's is its business.
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| cannot(format!("{} does not start: {error}", program.display())))?;
    let end = talk(&mut child, limits, component);
    if end.is_err() {
        // Nobody waits for it any more.
        let _ = child.kill();
        let _ = child.wait();
    }
    end?.judge(limits)
}

/// How the child ended.
struct End {
    answer: Vec<u8>,
    said: String,
    status: ExitStatus,
    timed_out: bool,
}

fn talk(child: &mut Child, limits: &CompileLimits, component: &[u8]) -> Result<End, LoadError> {
    let process = pidfd_open(Pid::from_child(child), PidfdFlags::empty())
        .map_err(|error| cannot(format!("the compiler cannot be watched: {error}")))?;
    let (Some(mut stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(cannot("the compiler has no pipes".to_owned()));
    };
    thread::scope(|scope| {
        // A child that ends early breaks the pipe, which its answer explains.
        scope.spawn(move || {
            let _ = stdin.write_all(component);
        });
        let said = scope.spawn(move || {
            let mut said = Vec::new();
            let mut stderr = stderr;
            let _ = stderr.by_ref().take(SAID_BYTES_MAX).read_to_end(&mut said);
            let _ = std::io::copy(&mut stderr, &mut std::io::sink());
            String::from_utf8_lossy(&said).into_owned()
        });
        let (done, over) = channel::<()>();
        let watch = scope.spawn(move || {
            let timed_out = over.recv_timeout(limits.time) == Err(RecvTimeoutError::Timeout);
            if timed_out {
                // It may have ended this moment.
                let _ = pidfd_send_signal(&process, Signal::KILL);
            }
            timed_out
        });
        let mut answer = Vec::new();
        // One byte more than is allowed tells that there is more; the pipe breaks behind it.
        let read = stdout
            .take(limits.artifact_bytes.saturating_add(10))
            .read_to_end(&mut answer);
        let status = child.wait();
        drop(done);
        let timed_out = watch.join().unwrap_or(false);
        let said = said.join().unwrap_or_default();
        read.map_err(|error| cannot(format!("the compiler cannot be read: {error}")))?;
        Ok(End {
            answer,
            said,
            status: status.map_err(|error| cannot(format!("the compiler cannot be waited for: {error}")))?,
            timed_out,
        })
    })
}

impl End {
    fn judge(self, limits: &CompileLimits) -> Result<Vec<u8>, LoadError> {
        let limit = |limit: &'static str, allowed: String| Err(LoadError::CompileLimit { limit, allowed });
        if self.timed_out || self.status.signal() == Some(Signal::XCPU.as_raw()) {
            return limit("time", format!("{} s", limits.time.as_secs_f64()));
        }
        let length = self
            .answer
            .get(1..9)
            .and_then(|length| <[u8; 8]>::try_from(length).ok());
        let length = length.map(u64::from_le_bytes);
        if length.is_some_and(|length| length > limits.artifact_bytes) {
            return limit("machine code", format!("{} MiB", limits.artifact_bytes >> 20));
        }
        if self.status.success() && length == Some((self.answer.len() as u64).saturating_sub(9)) {
            let mut answer = self.answer;
            let kind = answer.first().copied();
            let content = answer.split_off(9);
            return match kind {
                Some(DONE) => Ok(content),
                Some(REFUSED) => Err(LoadError::NotAComponent {
                    message: String::from_utf8_lossy(&content).into_owned(),
                }),
                _ => Err(cannot("the compiler's answer cannot be understood".to_owned())),
            };
        }
        // The ways in which Rust and the system say that there is no memory left.
        let no_memory = [
            "memory allocation of",
            "out of memory",
            "Cannot allocate memory",
            "failed to spawn",
        ];
        if no_memory.iter().any(|words| self.said.contains(words)) {
            return limit("memory", format!("{} MiB", limits.memory_bytes >> 20));
        }
        let last = self
            .said
            .lines()
            .rfind(|line| !line.trim().is_empty())
            .unwrap_or("it said nothing");
        Err(LoadError::CompilerFailed {
            message: format!("{}: {}", self.status, last.chars().take(500).collect::<String>()),
        })
    }
}

fn cannot(message: String) -> LoadError {
    LoadError::CompilerUnavailable { message }
}

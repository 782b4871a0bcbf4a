//! The side that compiles. It limits itself before it looks at the first byte.

use std::io::{self, Read, Write};
use std::process::ExitCode;

use rustix::process::{Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit};
use wasmtime::Engine;

use super::{DONE, REFUSED};
use crate::sandbox::{Profile, compiler_config};

/// The whole life of the process that compiles: takes a component from stdin, writes machine code to stdout. `arguments`
/// are what [`Compiler`](super::Compiler) puts behind its own: profile, seconds of the processor, bytes of memory.
pub fn compile_and_exit(arguments: &[String]) -> ExitCode {
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The parent reads the end of it.
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &[String]) -> io::Result<()> {
    let wrong = || io::Error::other("this command is for the program itself: profile, seconds, bytes");
    let [profile, seconds, memory_bytes] = arguments else {
        return Err(wrong());
    };
    let profile = Profile::named(profile).ok_or_else(wrong)?;
    let seconds = seconds.parse().map_err(|_| wrong())?;
    let memory_bytes = memory_bytes.parse().map_err(|_| wrong())?;
    limit(seconds, memory_bytes)?;
    let mut component = Vec::new();
    io::stdin().lock().read_to_end(&mut component)?;
    let engine = Engine::new(&compiler_config(profile)).map_err(|error| io::Error::other(format!("{error:#}")))?;
    let (kind, content) = match engine.precompile_component(&component) {
        Ok(code) => (DONE, code),
        Err(error) => (REFUSED, format!("{error:#}").into_bytes()),
    };
    let mut out = io::stdout().lock();
    out.write_all(&[kind])?;
    out.write_all(&(content.len() as u64).to_le_bytes())?;
    out.write_all(&content)?;
    out.flush()
}

fn limit(seconds: u64, memory_bytes: u64) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    for (resource, amount) in [
        (Resource::Cpu, seconds),
        (Resource::As, memory_bytes),
        // It writes no files, opens few, and leaves no image of itself behind.
        (Resource::Fsize, 0),
        (Resource::Nofile, 64),
        (Resource::Core, 0),
    ] {
        let both = Rlimit {
            current: Some(amount),
            maximum: Some(amount),
        };
        setrlimit(resource, both)?;
    }
    Ok(())
}

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::error::CliError;
use super::output::Printer;
use super::workbench::Workbench;
use crate::online::open_to_serve;
use crate::server::{Ingest, Limits, Server};
use crate::serving::Serving;
use crate::time::Timestamp;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Address and port; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: String,
    /// Memory for decoded items, in bytes; 0 for none.
    #[arg(long, default_value_t = 256 << 20)]
    cache_bytes: u64,
    /// Asks for keys on loopback addresses too; elsewhere they are always asked for.
    #[arg(long)]
    require_keys: bool,
    /// How long an answer may take, in milliseconds; requests may ask for less with `latencyBudgetMs`.
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u64).range(1..=600_000))]
    request_timeout_ms: u64,
    /// Requests that are answered at once; more are told to come again (429).
    #[arg(long, default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    max_in_flight: u32,
    /// Connections at once; more are closed (503).
    #[arg(long, default_value_t = 16 << 10, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    max_connections: u32,
    /// The longest body of a request, in bytes.
    #[arg(long, default_value_t = 1 << 20, value_parser = clap::value_parser!(u32).range(1024..))]
    max_body_bytes: u32,
    /// The longest data frame that is brought into a feature table, in bytes.
    #[arg(long, default_value_t = 1_000_000_000, value_parser = clap::value_parser!(u64).range(1024..))]
    max_upload_bytes: u64,
    /// How long the body of a request may take to come, in milliseconds.
    #[arg(long, default_value_t = 5000, value_parser = clap::value_parser!(u64).range(1..=600_000))]
    body_timeout_ms: u64,
    /// Adds `POST /echo?bytes=N`, for benchmarks.
    #[arg(long, hide = true)]
    echo: bool,
    /// What is logged to stderr, one JSON object a line: error (what is the server's fault), info (what is a client's, too), debug
    /// (every request).
    #[arg(long, default_value = "info")]
    log: tracing::Level,
}

pub(crate) async fn run(bench: &Workbench, arguments: &Arguments, printer: &Printer) -> Result<(), CliError> {
    log(arguments.log);
    let address = address(&arguments.listen)?;
    let store = &bench.project().stores.online;
    let store = open_to_serve(store, &bench.folder.root, arguments.cache_bytes)?;
    let timeout = Duration::from_millis(arguments.request_timeout_ms);
    let workspace = bench.project().name.clone();
    // Views may be applied at any time.
    let host = Some(bench.request_host(printer).with_log(Arc::new(logged)));
    let serving = Serving::new(workspace, bench.registry(), store, host, bench.clock(), timeout)?;
    let keys = (arguments.require_keys || !address.ip().is_loopback()).then(|| bench.registry());
    let limits = Limits {
        body_bytes_max: arguments.max_body_bytes as usize,
        upload_bytes_max: arguments.max_upload_bytes,
        in_flight_max: arguments.max_in_flight as usize,
        connections_max: arguments.max_connections as usize,
        body_timeout: Duration::from_millis(arguments.body_timeout_ms),
        ..Limits::default()
    };
    if keys.is_some() && bench.registry().keys()?.is_empty() {
        printer
            .tell("there is no key yet, so every request is refused: make one with `sandglass key create --name NAME`");
    }
    let server = Server::bind(address, Arc::new(serving), keys, limits).await;
    let server = server.map_err(|error| {
        let hint = Some("choose another port with `--listen`".to_owned());
        CliError::invalid(format!("cannot listen on {address}: {error}"), hint)
    })?;
    let ingest = IngestByProcess {
        // Now: what is in its place later may be another program.
        program: std::env::current_exe()
            .map_err(|error| CliError::internal(format!("this program cannot be found: {error}")))?,
        project: bench.folder.root.clone(),
        memory_bytes: bench.memory_bytes,
        now: bench.fixed_now(),
    };
    let server = server.with_dataframes(bench.dataframes(), Arc::new(ingest));
    let server = if arguments.echo { server.with_echo() } else { server };
    let address = server
        .address()
        .map_err(|error| CliError::internal(error.to_string()))?;
    let stopped = stopped().map_err(|error| CliError::internal(format!("signals cannot be taken: {error}")))?;
    printer.answer(
        &format!("listening on http://{address}\n"),
        &json!({ "listening": address.to_string() }),
    );
    server.run(stopped).await;
    Ok(())
}

/// Ingests as a process of its own, this program: what rows take is taken of it and not of the server, and what ends it ends nothing else.
struct IngestByProcess {
    program: PathBuf,
    project: PathBuf,
    memory_bytes: usize,
    now: Option<Timestamp>,
}

impl Ingest for IngestByProcess {
    fn ingest(&self, table: String, file: PathBuf) -> BoxFuture<'static, Result<u64, String>> {
        let memory_bytes = self.memory_bytes.to_string();
        let (program, project, now) = (self.program.clone(), self.project.clone(), self.now);
        Box::pin(async move {
            let mut command = Command::new(program);
            command
                .arg("--project")
                .arg(project)
                .args(["--format", "json", "--memory-bytes", &memory_bytes]);
            if let Some(now) = now {
                command.args(["--now", &now.to_string()]);
            }
            command
                .arg("ingest")
                .arg(table)
                .arg("--file")
                .arg(file)
                .stdin(Stdio::null());
            let output = tokio::task::spawn_blocking(move || command.output()).await;
            let output = output.map_err(|error| error.to_string())?;
            let output = output.map_err(|error| format!("this program cannot be run: {error}"))?;
            told(&output)
        })
    }
}

/// What the program said of an ingestion.
fn told(output: &Output) -> Result<u64, String> {
    let said = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).ok();
    if output.status.success() {
        let rows = said(&output.stdout).and_then(|answer| answer["ingested"]["rows"].as_u64());
        return rows.ok_or_else(|| "the program did not say how many rows there were".to_owned());
    }
    let error = output.stderr.split(|byte| *byte == b'\n').rev().find_map(said);
    let text = |key: &str| Some(error.as_ref()?["error"][key].as_str()?.to_owned());
    let message = text("message").unwrap_or_else(|| format!("ingestion ended with {}", output.status));
    Err(text("hint").map_or_else(|| message.clone(), |hint| format!("{message}; {hint}")))
}

fn address(text: &str) -> Result<SocketAddr, CliError> {
    let wrong = |reason: String| {
        let hint = Some("write `--listen 127.0.0.1:8080`".to_owned());
        CliError::invalid(format!("`{text}` is no address to listen on: {reason}"), hint)
    };
    let mut found = text.to_socket_addrs().map_err(|error| wrong(error.to_string()))?;
    found.next().ok_or_else(|| wrong("it has none".to_owned()))
}

/// One JSON object a line on stderr.
fn log(level: tracing::Level) {
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_writer(std::io::stderr);
    let ours = Targets::new().with_target("sandglass", level);
    // A program that embeds this one may have set its own.
    let _ = tracing_subscriber::registry().with(ours).with(lines).try_init();
}

/// What a guest says, as a line of the log.
fn logged(view: &str, level: &str, message: &str) {
    match level {
        "warn" | "error" => tracing::warn!(feature_view = view, level, message, "guest"),
        _ => tracing::debug!(feature_view = view, level, message, "guest"),
    }
}

/// When somebody asks the process to end: from this call on, not from when it is first waited for.
fn stopped() -> std::io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

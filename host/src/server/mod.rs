//! The feature server: [`crate::serving`] over HTTP/1.1, with keys, limits, metrics and logs.
//!
//! Connections are taken by one task and answered by others. A request passes these, in this order: its key, the size
//! and time of its body, the number of requests at once, its parameters. What is wrong is answered in JSON with a status, and never
//! ends the server.

mod app;
mod dataframes;
mod frames;
mod keys;
mod limits;
mod metrics;
mod respond;
mod routes;
#[cfg(test)]
mod tests;

pub use dataframes::{DATAFRAME_ROWS, Ingest};
pub use limits::Limits;
pub use routes::{OPENAPI, ROUTES};

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use self::app::App;
use crate::registry::Registry;
use crate::serving::Serving;

/// How often it is looked whether something was applied, or keys were made or removed.
const LOOK: Duration = Duration::from_secs(1);
/// The same where each look is paid for.
const LOOK_FAR: Duration = Duration::from_secs(10);
/// How long nothing is accepted after the system could not give a connection.
const PAUSE: Duration = Duration::from_millis(50);
/// The longest head of a request.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// What a client is told when there are too many connections.
const FULL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// A server that listens.
pub struct Server {
    listener: TcpListener,
    app: Arc<App>,
    echo: bool,
}

impl Server {
    /// Listens. `keys` is the registry whose keys clients need; none lets everybody in.
    ///
    /// # Errors
    /// If the address cannot be had.
    pub async fn bind(
        address: SocketAddr,
        serving: Arc<Serving>,
        keys: Option<Registry>,
        limits: Limits,
    ) -> std::io::Result<Self> {
        limits::raise_open_files();
        Ok(Self {
            listener: TcpListener::bind(address).await?,
            app: Arc::new(App::new(serving, keys, limits)),
            echo: false,
        })
    }

    /// The same that takes rows for feature tables: they lie in a folder until they are ingested. What a server before this one had begun
    /// goes on.
    #[must_use]
    pub fn with_dataframes(self, folder: std::path::PathBuf, ingest: Arc<dyn Ingest>) -> Self {
        self.app.take_dataframes(folder, ingest);
        self
    }

    /// The same with `POST /echo?bytes=N`, which reads a body and answers so many bytes: what a request costs without features,
    /// for benchmarks.
    #[must_use]
    pub fn with_echo(self) -> Self {
        Self { echo: true, ..self }
    }

    /// Where it listens.
    ///
    /// # Errors
    /// If the system does not tell.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers until `stop` is done, then what has begun, for as long as the limits say.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let Self { listener, app, echo } = self;
        let limits = app.limits();
        // Apart from each other, so that a store that hangs keeps no removed key.
        let looking = [App::look_at_views, App::look_at_keys].map(|at| tokio::spawn(look(Arc::clone(&app), at)));
        let mut routes = routes::router(Arc::clone(&app));
        if echo {
            routes = routes.merge(routes::echo(Arc::clone(&app)));
        }
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(limits.idle_timeout)
            .max_buf_size(HEAD_BYTES_MAX);
        let graceful = GracefulShutdown::new();
        let slots = Arc::new(Semaphore::new(limits.connections_max));
        let mut stop = std::pin::pin!(stop);
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = &mut stop => break,
            };
            let stream = match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "no connection could be accepted");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            let Ok(slot) = Arc::clone(&slots).try_acquire_owned() else {
                refuse(&stream);
                continue;
            };
            let _ = stream.set_nodelay(true);
            let service = TowerToHyperService::new(routes.clone());
            let connection = graceful.watch(builder.serve_connection(TokioIo::new(stream), service));
            let app = Arc::clone(&app);
            tokio::spawn(async move {
                let open = app.metrics().connection();
                // What goes wrong here is the client's or the network's: it ends this connection and nothing else.
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "a connection ended");
                }
                drop((open, slot));
            });
        }
        app.stop();
        drop(listener);
        if tokio::time::timeout(limits.shutdown_grace, graceful.shutdown())
            .await
            .is_err()
        {
            tracing::warn!("some requests did not end in time and are cut off");
        }
        looking.iter().for_each(JoinHandle::abort);
    }
}

fn refuse(stream: &TcpStream) {
    // If it cannot be told at once, the connection is closed without a word.
    let _ = stream.try_write(FULL);
}

/// Looks from time to time for what other processes have changed and that no request would find.
async fn look(app: Arc<App>, at: fn(&App)) {
    let each = match app.registry_is_remote() {
        true => LOOK_FAR,
        false => LOOK,
    };
    let mut tick = tokio::time::interval(each);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let app = Arc::clone(&app);
        let looked = tokio::task::spawn_blocking(move || at(&app)).await;
        if let Err(error) = looked {
            tracing::error!(%error, "looking for changes failed");
        }
    }
}

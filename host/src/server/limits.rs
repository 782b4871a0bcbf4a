use std::time::Duration;

/// What clients may take of a server.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The longest body.
    pub body_bytes_max: usize,
    /// The longest data frame.
    pub upload_bytes_max: u64,
    /// Requests that are answered at once; more are told to come again.
    pub in_flight_max: usize,
    /// Connections at once; more are closed.
    pub connections_max: usize,
    /// How long a body may take to come.
    pub body_timeout: Duration,
    /// How long the head of a request may take, and how long a connection may stand idle before it.
    pub idle_timeout: Duration,
    /// How long requests have to end when the server stops.
    pub shutdown_grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // A batch of 1,000 rows with a hundred bytes of keys each has a tenth of it.
            body_bytes_max: 1 << 20,
            // As Tecton's, which clients look at before they send one.
            upload_bytes_max: 1_000_000_000,
            in_flight_max: 1024,
            connections_max: 16 << 10,
            body_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(60),
            shutdown_grace: Duration::from_secs(10),
        }
    }
}

/// Lets this process have as many open files as the system allows: each connection is one.
pub(super) fn raise_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let found = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: found.maximum,
        ..found
    };
    if found.current != found.maximum && setrlimit(Resource::Nofile, raised).is_err() {
        tracing::warn!("the number of open files could not be raised");
    }
}

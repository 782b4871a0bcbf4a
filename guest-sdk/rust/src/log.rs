/// How much a message matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// For whoever writes the transformation.
    Debug,
    /// For whoever runs it.
    Info,
    /// Something is odd.
    Warn,
    /// Something is wrong.
    Error,
}

/// Hands a message to the host; natively it goes to stderr, and to the [`Outcome`](crate::testing::Outcome) of a test.
pub fn log(level: Level, message: &str) {
    #[cfg(target_arch = "wasm32")]
    crate::exports::log(level, message);
    #[cfg(not(target_arch = "wasm32"))]
    {
        eprintln!("{level:?}: {message}");
        CAPTURED.with_borrow_mut(|messages| {
            if let Some(messages) = messages {
                messages.push((level, message.to_owned()));
            }
        });
    }
}

thread_local! {
    /// Messages of the test that runs on this thread.
    static CAPTURED: std::cell::RefCell<Option<Vec<(Level, String)>>> = const { std::cell::RefCell::new(None) };
}

/// What `run` logs on this thread; nothing in a component, where the host has it.
pub(crate) fn capture<T>(run: impl FnOnce() -> T) -> (T, Vec<(Level, String)>) {
    CAPTURED.set(Some(Vec::new()));
    let result = run();
    (result, CAPTURED.take().unwrap_or_default())
}

/// A panic's message reaches the host's log before the guest traps.
pub(crate) fn panics_to_log() {
    #[cfg(target_arch = "wasm32")]
    {
        static ONCE: std::sync::Once = std::sync::Once::new();
        ONCE.call_once(|| {
            std::panic::set_hook(Box::new(|panic| log(Level::Error, &panic.to_string())));
        });
    }
}

/// Logs for whoever writes the transformation; formats like `println!`.
#[macro_export]
macro_rules! debug {
    ($($arguments:tt)+) => { $crate::log($crate::Level::Debug, &::std::format!($($arguments)+)) };
}
/// Logs for whoever runs it; formats like `println!`.
#[macro_export]
macro_rules! info {
    ($($arguments:tt)+) => { $crate::log($crate::Level::Info, &::std::format!($($arguments)+)) };
}
/// Logs that something is odd; formats like `println!`.
#[macro_export]
macro_rules! warn {
    ($($arguments:tt)+) => { $crate::log($crate::Level::Warn, &::std::format!($($arguments)+)) };
}
/// Logs that something is wrong; formats like `println!`.
#[macro_export]
macro_rules! error {
    ($($arguments:tt)+) => { $crate::log($crate::Level::Error, &::std::format!($($arguments)+)) };
}

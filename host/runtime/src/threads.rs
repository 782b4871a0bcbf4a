use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;

type Step = Box<dyn FnOnce() + Send>;

/// A bounded pool of threads for guests. A step is one synchronous call into a guest and what belongs to it; no step waits
/// for another, so any number of runs share the threads without a deadlock.
pub struct GuestThreads {
    queue: Arc<Queue>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    ready: Condvar,
}

#[derive(Default)]
struct State {
    steps: std::collections::VecDeque<Step>,
    closed: bool,
}

impl GuestThreads {
    /// Starts `count` threads, at least one.
    pub fn new(count: usize) -> std::io::Result<Self> {
        let queue = Arc::new(Queue::default());
        let threads = (0..count.max(1))
            .map(|index| {
                let queue = Arc::clone(&queue);
                // Wasm's own stack is 512 KiB of it; the rest is the host's part of a call.
                std::thread::Builder::new()
                    .name(format!("guest-{index}"))
                    .stack_size(4 << 20)
                    .spawn(move || queue.work())
            })
            .collect::<std::io::Result<_>>()?;
        Ok(Self { queue, threads })
    }

    /// Puts a step at the end of the queue. A step that panics takes nothing with it but its own result.
    pub fn submit(&self, step: impl FnOnce() + Send + 'static) {
        let mut state = self.queue.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.steps.push_back(Box::new(step));
        drop(state);
        self.queue.ready.notify_one();
    }

    /// How many steps can run at once.
    pub fn count(&self) -> usize {
        self.threads.len()
    }
}

impl Queue {
    fn work(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(step) = state.steps.pop_front() {
                drop(state);
                // Whoever waits for the step sees its channel closed.
                let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(step));
                state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            } else if state.closed {
                return;
            } else {
                state = self.ready.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }
}

impl Drop for GuestThreads {
    fn drop(&mut self) {
        self.queue.state.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        self.queue.ready.notify_all();
        let own = std::thread::current().id();
        for thread in self.threads.drain(..) {
            // A step may be the last one that holds the pool: its thread ends by itself.
            if thread.thread().id() != own {
                let _ = thread.join();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn steps_run_and_a_panic_is_contained() {
        let threads = GuestThreads::new(2).expect("threads start");
        let (sender, receiver) = mpsc::channel();
        threads.submit(|| panic!("on purpose"));
        for i in 0..10 {
            let sender = sender.clone();
            threads.submit(move || sender.send(i).expect("the test listens"));
        }
        drop(sender);
        assert_eq!(receiver.iter().sum::<i32>(), 45);
    }

    #[test]
    fn a_step_may_be_the_last_that_holds_the_pool() {
        let threads = Arc::new(GuestThreads::new(1).expect("threads start"));
        let (go, gone) = mpsc::channel::<()>();
        let (sender, receiver) = mpsc::channel();
        let held = Arc::clone(&threads);
        threads.submit(move || {
            gone.recv().expect("the test goes on");
            drop(held);
            sender.send(()).expect("the test listens");
        });
        drop(threads);
        go.send(()).expect("the step waits");
        receiver.recv().expect("it has dropped the pool, and not panicked");
    }
}

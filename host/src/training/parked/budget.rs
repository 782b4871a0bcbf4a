use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::execution::memory_pool::{MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation};

/// What is held in memory whatever others leave: less would make files of crumbs.
const HELD_MIN: usize = 16 << 20;
/// One part in so many of all memory is for rows that wait, so that those that are worked on have theirs.
const PART: usize = 2;

/// Memory for all rows of a plan that wait. Who comes first has it.
#[derive(Debug)]
pub(in crate::training) struct Budget {
    max: usize,
    held: AtomicUsize,
}

impl Budget {
    /// A part of a pool's.
    pub(in crate::training) fn of(pool: &dyn MemoryPool) -> Arc<Self> {
        let max = match pool.memory_limit() {
            MemoryLimit::Finite(bytes) => bytes / PART,
            MemoryLimit::Infinite | MemoryLimit::Unknown => usize::MAX,
        };
        let held = AtomicUsize::new(0);
        Arc::new(Self { max, held })
    }
}

/// What one node holds of it.
pub(in crate::training) struct Share {
    budget: Arc<Budget>,
    memory: MemoryReservation,
}

impl Share {
    /// Nothing, for a node of this name.
    pub(in crate::training) fn of(budget: &Arc<Budget>, pool: &Arc<dyn MemoryPool>, name: &str) -> Self {
        Self {
            budget: Arc::clone(budget),
            memory: MemoryConsumer::new(name).register(pool),
        }
    }

    /// Counts that the node now holds so many bytes. False if it should put them on the disk.
    pub(in crate::training) fn holds(&mut self, bytes: usize) -> bool {
        let before = self.memory.size();
        match bytes.checked_sub(before) {
            None => {
                self.release(before - bytes);
                true
            }
            Some(more) => self.takes(more) || bytes <= HELD_MIN,
        }
    }

    fn takes(&self, more: usize) -> bool {
        let sum = |held: usize| held.checked_add(more).filter(|held| *held <= self.budget.max);
        let held = &self.budget.held;
        if held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, sum).is_err() {
            return false;
        }
        let grown = self.memory.try_grow(more).is_ok();
        if !grown {
            held.fetch_sub(more, Ordering::Relaxed);
        }
        grown
    }

    fn release(&self, bytes: usize) {
        self.memory.shrink(bytes);
        self.budget.held.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.release(self.memory.size());
    }
}

#[cfg(test)]
mod tests {
    use datafusion::execution::memory_pool::{FairSpillPool, UnboundedMemoryPool};

    use super::*;

    #[test]
    fn shares_are_no_more_than_the_budget_in_all() {
        let pool: Arc<dyn MemoryPool> = Arc::new(FairSpillPool::new(100 << 20));
        let budget = Budget::of(pool.as_ref());
        let mut one = Share::of(&budget, &pool, "one");
        let mut other = Share::of(&budget, &pool, "other");
        assert!(one.holds(30 << 20));
        assert!(other.holds(20 << 20));
        assert!(!other.holds((20 << 20) + 1));
        assert_eq!(pool.reserved(), 50 << 20);
        // Little is held in any case, though it is not counted.
        assert!(other.holds(0));
        assert!(one.holds(50 << 20));
        assert!(other.holds(16 << 20));
        assert!(!other.holds((16 << 20) + 1));
        assert_eq!(pool.reserved(), 50 << 20);
        // What one gives back is another's.
        assert!(one.holds(10 << 20));
        assert!(other.holds(40 << 20));
        drop(one);
        drop(other);
        assert_eq!(pool.reserved(), 0);
        assert_eq!(budget.held.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn others_may_have_taken_what_the_budget_would_allow() {
        let pool: Arc<dyn MemoryPool> = Arc::new(FairSpillPool::new(100 << 20));
        let budget = Budget::of(pool.as_ref());
        let others = MemoryConsumer::new("others").register(&pool);
        others.grow(70 << 20);
        let mut share = Share::of(&budget, &pool, "share");
        assert!(share.holds(30 << 20));
        assert!(!share.holds(31 << 20));
        others.shrink(20 << 20);
        assert!(share.holds(50 << 20));
        assert!(!share.holds(51 << 20));
    }

    #[test]
    fn without_a_limit_there_is_none() {
        let pool: Arc<dyn MemoryPool> = Arc::new(UnboundedMemoryPool::default());
        let mut share = Share::of(&Budget::of(pool.as_ref()), &pool, "share");
        assert!(share.holds(1 << 40));
    }
}

//! Compaction: what a view's offline rows and tiles come to online, one item for each key.
//!
//! A pass brings the online store to a boundary of the schedule. [`policy`] decides, without touching anything, which keys' items
//! may differ there from those that are live, and which way they are written; [`affected`] finds these keys, [`windowed`] and
//! [`latest`] make their items, and [`job`] writes them: as a change of the live generation, or as a new one beside it.
//!
//! The law kept here: after a pass, whichever way it went, the live generation holds what one that is made of everything would.

mod affected;
mod error;
mod feed;
mod history;
mod items;
mod job;
mod latest;
mod load;
mod policy;
mod report;
mod visible;
mod windowed;

pub use error::CompactionError;
pub use history::{KeptPass, PassCost, PassHistory};
pub use job::{GRACE, compact, take_down};
pub(crate) use policy::FEW;
pub use policy::looked_through;
pub use report::{Compacted, Pass, Report};
pub use visible::{Mode, Tell, Visible};

//! Maintenance of a workspace: what nobody can go back to any more is dropped, what stays is kept up.
//!
//! [`fates`] decides, of a view's versions, which stay: a pure function of the registry, of what is live, and of the time. [`folders`] is
//! where they lie, and drops them: a folder gets another name first, so that what is dropped half is no table. Tables that stay are
//! kept up by [`crate::offline`], generations that are not live are swept by [`crate::online`].

//!
//! A key is forgotten by [`crate::offline`], which is told by [`chosen`] what rows of it are, and by [`items`] online.

mod chosen;
mod fates;
mod folders;
mod items;

pub use chosen::{OfKey, OfLetters};
pub use fates::{Fate, VersionFate, fates};
pub use folders::{
    Dropped, drop_folder, is_being_dropped, leftovers, names, remove_leftover, size, table_is_older, versions,
};
pub use items::{Followed, FollowedTables, ItemsOf, chosen_items, forget_items};

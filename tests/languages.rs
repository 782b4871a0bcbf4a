//! Transformations in every language, in the whole program: what a stranger does first, and what the same sources give in another folder.

mod builds;
mod five;
mod folders;
mod hostile;
mod own_tests;

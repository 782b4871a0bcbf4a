//! JSON lines: one object a line. Everything without parts is read as its text, so that a number keeps all of its digits until it
//! becomes what is wanted, and what does not fit is an error and never another value. Each error names its file and line.

mod decode;
mod exec;
mod infer;
mod reader;

pub(super) use exec::{JsonFile, JsonLinesExec};
pub(super) use infer::infer;

//! The feature server over real connections: what clients send and read, what is wrong with requests, what other processes do meanwhile.

mod bad_requests;
mod connections;
mod keys;
mod python;
mod request_training;
mod requests;
mod rust_client;
mod shapes;
mod switches;
pub mod world;

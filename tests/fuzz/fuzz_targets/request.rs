#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| sandglass_fuzz::request::run(data));

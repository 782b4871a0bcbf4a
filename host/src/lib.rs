//! Sandglass

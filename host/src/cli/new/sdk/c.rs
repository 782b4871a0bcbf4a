use super::sources;

/// Paths below the SDK's folder, and texts.
pub(super) const FILES: &[(&str, &str)] = sources!["c":
    ".clang-format",
    "Makefile",
    "sandglass.c",
    "sandglass.h",
    "sandglass.zig",
    "sandglass_test.c",
    "sandglass_test.h",
];

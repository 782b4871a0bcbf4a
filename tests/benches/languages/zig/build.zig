// SPDX-License-Identifier: Apache-2.0

//! `python -m ziglang build -p out` makes out/bin/kernels.wasm, which `sandglass build` takes as it is.

const std = @import("std");

/// Where sandglass.h is.
const sdk = "../../../../guest-sdk/c";

pub fn build(b: *std.Build) void {
    const target = b.resolveTargetQuery(.{
        .cpu_arch = .wasm32,
        .os_tag = .wasi,
        .cpu_features_add = std.Target.wasm.featureSet(&.{.simd128}),
    });
    const header = b.addTranslateC(.{
        .root_source_file = b.path(sdk ++ "/sandglass.h"),
        .target = target,
        .optimize = .ReleaseFast,
        .link_libc = true,
    });
    const sandglass = b.createModule(.{
        .root_source_file = b.path(sdk ++ "/sandglass.zig"),
        .target = target,
        .optimize = .ReleaseFast,
        .imports = &.{.{ .name = "c", .module = header.createModule() }},
    });
    const component = b.addExecutable(.{
        .name = "kernels",
        .root_module = b.createModule(.{
            .root_source_file = b.path("kernels.zig"),
            .target = target,
            .optimize = .ReleaseFast,
            .strip = true,
            .link_libc = true,
            .imports = &.{.{ .name = "sandglass", .module = sandglass }},
        }),
    });
    component.root_module.addCSourceFile(.{ .file = b.path(sdk ++ "/sandglass.c"), .flags = &.{"-std=c11"} });
    component.root_module.addIncludePath(b.path(sdk));
    // A library, not a program.
    component.entry = .disabled;
    component.wasi_exec_model = .reactor;
    component.rdynamic = true;
    component.stack_size = 64 * 1024;
    b.installArtifact(component);
}

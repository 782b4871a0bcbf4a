// SPDX-License-Identifier: Apache-2.0

//! What every guest SDK shows that it can do, in Zig; `sandglass conformance` runs it.

const sandglass = @import("sandglass");
const context = @import("context.zig");
const kinds = @import("kinds.zig");
const ranges = @import("ranges.zig");
const rows = @import("rows.zig");

comptime {
    sandglass.component(&.{
        &kinds.pass,     &kinds.rebuild,  &kinds.take,         &rows.filter,     &rows.fan_out, &ranges.totals,
        &ranges.joined, &context.parameters, &context.context, &rows.speaks, &ranges.empty,
    });
}

// `dist` is committed, so that nobody who uses the SDK builds it: it has to be what `src` gives.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const SDK = fileURLToPath(new URL("..", import.meta.url));
const read = (folder) => Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "utf8")]));

test("dist is what src gives", () => {
  const folder = mkdtempSync(join(tmpdir(), "sandglass-dist-"));
  try {
    const { status, stdout } = spawnSync(join(SDK, "node_modules/.bin/tsc"), ["-p", join(SDK, "tsconfig.json"), "--outDir", folder], { encoding: "utf8" });
    assert.deepEqual([status, stdout], [0, ""]);
    assert.deepEqual(read(join(SDK, "dist")), read(folder), "run `npm run build`");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

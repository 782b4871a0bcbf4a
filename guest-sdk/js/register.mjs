// For unit tests of TypeScript: `node --import sandglass-guest/register --test src/index.test.ts`.
// Node.js from 22.18 on reads TypeScript itself; where it does not, esbuild of the author's folder does.

import { register } from "node:module";

if (!process.features.typescript) register("./register-hooks.mjs", import.meta.url);

/** Kernels of the benchmark of languages, with the TypeScript SDK. */

import { component } from "sandglass-guest";

import { filter, filterPlain } from "./filter.ts";
import { flops } from "./flops.ts";
import { perKey } from "./per_key.ts";
import { text } from "./text.ts";

export default component([filter, filterPlain, perKey, text, flops]);

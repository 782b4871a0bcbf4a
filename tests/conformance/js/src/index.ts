import { component } from "sandglass-guest";

import { filter, pass, rebuild, take } from "./columns.ts";
import { context, parameters } from "./context.ts";
import { empty, fanOut, joined, speaks, totals } from "./rows.ts";

export default component([pass, rebuild, take, filter, fanOut, totals, joined, parameters, context, speaks, empty]);

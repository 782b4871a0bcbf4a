import { component } from "sandglass-guest";

import { customerRfm } from "./customer_rfm.ts";

export default component([customerRfm]);

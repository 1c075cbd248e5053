import type { Pipeline } from "../dsl/index.js";

/** Where a pipeline is called: in a NIC's driver, or on tc as traffic enters or leaves the target. */
export type Hook = "xdp" | "ingress" | "egress";
/** The hooks that P has. */
export type Built<P extends Pipeline> = { [H in Hook]: undefined extends P[H] ? never : H }[Hook];

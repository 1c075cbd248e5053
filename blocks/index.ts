/** The building blocks: `import { … } from "datapath/blocks"`. */
export { AccessControl, Logged, TcAccessControl } from "./access-control/access-control.dp.js";
export { FilterError } from "./access-control/filter/error.js";
export { type AccessControlOptions, PrefixAction } from "./access-control/options.js";
export { ArpResponder } from "./arp-responder/arp-responder.dp.js";
export type { ArpResponderOptions } from "./arp-responder/options.js";
export { Conntrack } from "./conntrack/conntrack.dp.js";
export type { ConntrackOptions } from "./conntrack/options.js";
export { FlowState, type StateName, type Timeouts } from "./conntrack/states.js";
export { Allowed, Tracked } from "./conntrack/tracked.js";
export { Counter } from "./counter/counter.dp.js";
export { BalancerControl, type ControlledMaps, type LiveService } from "./load-balancer/control.js";
export { LoadBalancer } from "./load-balancer/load-balancer.dp.js";
export type { BackendOptions, LoadBalancerOptions, Mode, ServiceOptions, Underlay } from "./load-balancer/options.js";
export type { AddressKey, BucketOptions, OwnKey, PacerOptions, RateLimitKey, RateLimitOptions } from "./rate-limit/options.js";
export { Pacer } from "./rate-limit/pacer.dp.js";
export { RateLimit } from "./rate-limit/rate-limit.dp.js";

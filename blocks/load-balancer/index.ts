/** What users import of this block. */
export { LoadBalancer } from "./load-balancer.dp.js";
export type { BackendOptions, LoadBalancerOptions, Mode, ServiceOptions, Underlay } from "./options.js";
export { Backend, BackendState, Scheduler, Service } from "./records.js";

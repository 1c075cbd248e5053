/** The runtime: loads bundles, attaches them, reads and writes what lives in the kernel. */
export { type AttachOptions, attach, type DetachOptions, detach, openDeployment, setVariable } from "./attach.js";
export { type Bundle, loadBundle } from "./bundle/bundle.js";
export { Deployment } from "./deployment/deployment.js";
export type { Notice } from "./deployment/filesystem.js";
export { type DeploymentStatus, type HookStatus, status, type TargetStatus } from "./deployment/status.js";
export { DatapathError, type ExitCode, type RuntimeErrorCode, runtimeErrors } from "./errors.js";
export type { VariableInput } from "./load/sections.js";
export { probeMachine, type Requirement } from "./machine/probe.js";
export { EventStream } from "./maps/events.js";
export { LiveMap } from "./maps/live.js";
export { type FlowRecord, type FlowTuple, LiveFlows } from "./maps/live-flows.js";
export { LivePrefixTable, type PrefixKey } from "./maps/prefix-table.js";
export { RawMap } from "./maps/raw.js";
export type { SweepFigures } from "./maps/sweep.js";
export type { Target } from "./target/target.js";
export { loadForTest, type RunOptions, type RunResult, type TestLoadOptions, type TestProgram } from "./test-run/load.js";

/** The runtime: loads bundles, attaches them, reads and writes what lives in the kernel. */
export { DatapathError, type ExitCode, type RuntimeErrorCode, runtimeErrors } from "./errors.js";
export { loadForTest, type RunOptions, type RunResult, type TestLoadOptions, type TestProgram } from "./test-run/load.js";

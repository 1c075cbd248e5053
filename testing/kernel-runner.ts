import type { KernelRunner } from "./kernel.js";

/** Compiles, loads and runs through BPF_PROG_TEST_RUN. */
export const runner: KernelRunner = {
  unavailable: () => "this build of datapath has no kernel side",
  open: () => Promise.reject(new Error("this build of datapath has no kernel side")),
};

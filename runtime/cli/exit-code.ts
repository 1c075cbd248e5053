/** What `dp` tells the shell. */
export const ExitCode = {
  Done: 0,
  /** the user's program or input is wrong */
  WrongInput: 1,
  WrongUsage: 2,
  /** the machine lacks something: a tool, a capability, a kernel feature */
  MachineLacks: 3,
  KernelRefused: 4,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

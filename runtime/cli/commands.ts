/** Every command, loaded when it is used: `dp status` needs no compiler. */
import type { Command } from "./command.js";

type Loader = () => Promise<{ readonly command: Command }>;

export const commands = {
  init: () => import("./commands/init.js"),
  check: () => import("./commands/check.js"),
  build: () => import("./commands/build.js"),
  sim: () => import("./commands/sim.js"),
  explain: () => import("./commands/explain.js"),
  attach: () => import("./commands/attach.js"),
  detach: () => import("./commands/detach.js"),
  status: () => import("./commands/status.js"),
  set: () => import("./commands/set.js"),
  rules: () => import("./commands/rules.js"),
  map: () => import("./commands/map.js"),
  conntrack: () => import("./commands/conntrack.js"),
  doctor: () => import("./commands/doctor.js"),
} satisfies Record<string, Loader>;

export const commandNames: readonly string[] = Object.keys(commands);

export function isCommandName(name: string): name is keyof typeof commands {
  return Object.hasOwn(commands, name);
}

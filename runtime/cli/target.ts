/** The options that say what a pipeline is attached to. */
import type { Target } from "../target/target.js";
import type { OptionTable } from "./command.js";
import { UsageError } from "./command-error.js";

export const targetOptions = {
  dev: { type: "string", value: "DEVICE", about: "a network device: eth0" },
  netns: { type: "string", value: "PATH", about: "the namespace that DEVICE is in: /run/netns/blue" },
  container: { type: "string", value: "NAME|PID", about: "a container, by its Docker or podman name or a process in it" },
} as const satisfies OptionTable;

interface TargetValues {
  readonly dev?: string | undefined;
  readonly netns?: string | undefined;
  readonly container?: string | undefined;
}

/** The target that the options name, undefined where they name none. */
export function readTarget({ dev, netns, container }: TargetValues): Target | undefined {
  if (container !== undefined) {
    if (netns !== undefined)
      throw new UsageError("--netns and --container cannot both be given", "a container's namespace is found from its name");
    return dev === undefined ? { container } : { container, dev };
  }
  if (dev !== undefined) return netns === undefined ? { dev } : { dev, netns };
  if (netns !== undefined) throw new UsageError("--netns names a namespace, not a device of it", `add --dev: --netns ${netns} --dev eth0`);
  return undefined;
}

export function requireTarget(values: TargetValues): Target {
  const target = readTarget(values);
  if (!target) throw new UsageError("no target was named", "add --dev DEVICE, --netns PATH --dev DEVICE, or --container NAME");
  return target;
}

import { compileLive } from "../codegen/compile.js";
import type { Pipeline } from "../dsl/index.js";
import type { Hook } from "./hook.js";
import type { Cut, KernelRunner, KernelSession, OpenOptions } from "./kernel.js";
import { recorded, recordingFolder } from "./recording.js";
import { Session } from "./session.js";

/** `DATAPATH_CUTS=2:17`: every program in parts, cut at two places that the number chooses; of `2` alone at the best. */
export function cutsAsked(): readonly Cut[] {
  const [times = "0", choice] = (process.env.DATAPATH_CUTS ?? "").split(":");
  return Array.from({ length: Number(times) }, (_, i): Cut => (choice === undefined ? {} : { choice: Number(choice) + 7 * i }));
}

/** Compiles, loads and runs through BPF_PROG_TEST_RUN. */
export const runner: KernelRunner = {
  unavailable: () => (process.geteuid?.() === 0 ? undefined : "programs can be loaded by root alone, or with CAP_BPF and CAP_NET_ADMIN"),
  async open<P extends Pipeline>(make: () => P, hook: Hook, { cuts = cutsAsked() }: OpenOptions = {}): Promise<KernelSession> {
    const { bundle, diagnostics } = await compileLive(make(), { testing: true, ...(cuts.length > 0 && { cuts }) });
    if (!bundle) {
      const lines = diagnostics.map(
        d => `${d.span.file}:${d.span.line}:${d.span.column} ${d.code}: ${d.message}${d.hint ? ` (${d.hint})` : ""}`,
      );
      throw new Error(`the pipeline does not compile:\n${lines.join("\n")}`);
    }
    const session = new Session(bundle.manifest, bundle.object, hook);
    const folder = recordingFolder();
    if (folder === undefined) return session;
    const whole = await compileLive(make());
    return recorded(session, { folder, hook, test: bundle, whole: whole.bundle });
  },
};

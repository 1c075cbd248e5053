/** A thread that runs a program without pause, so that what changes meanwhile is seen by packets in flight. */
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";

const module = new URL("../../runtime/native/index.ts", import.meta.url).href;
const code = `
  const { workerData, parentPort } = require("node:worker_threads");
  const flag = new Int32Array(workerData.flag);
  import("tsx/esm/api").then(async tsx => {
    tsx.register();
    const { native } = await import(${JSON.stringify(module)});
    Atomics.store(flag, 1, 1);
    let packets = 0;
    while (Atomics.load(flag, 0) === 0) {
      for (const frame of workerData.frames) native().testRun(workerData.fd, { data: frame, room: frame.length + 256, repeat: 5000 });
      packets += 5000 * workerData.frames.length;
    }
    parentPort.postMessage(packets);
  });
`;

/**
 * Runs a program on these frames again and again until it is stopped.
 * @param fd the program's
 * @returns how it is stopped: the number of packets that it ran
 */
export async function hammer(fd: number, frames: readonly Uint8Array[]): Promise<{ stop(): Promise<number> }> {
  const flag = new SharedArrayBuffer(8);
  const worker = new Worker(code, { eval: true, workerData: { fd, frames, flag }, execArgv: ["--conditions=datapath"] });
  const done = new Promise<number>((resolve, reject) => {
    worker.on("message", resolve);
    worker.on("error", reject);
  });
  const view = new Int32Array(flag);
  while (Atomics.load(view, 1) === 0) await Promise.race([sleep(5), done]);
  return {
    async stop() {
      Atomics.store(view, 0, 1);
      const packets = await done;
      await worker.terminate();
      return packets;
    },
  };
}

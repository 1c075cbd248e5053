import { hostilePackets, faultsOf } from "./testing/index.js";
const t = performance.now(); let n = 0, sound = 0, bad: Record<string, number> = {}, soundBad: Record<string, number> = {}, kinds: Record<string, number> = {};
for (const { what, bytes } of hostilePackets({ seed: 1, count: 20000 })) { n++; const f = faultsOf(bytes); const d = what.startsWith("cut to") ? "cut to" : what;
 if (what === "sound") { sound++; for (const x of f) soundBad[x] = (soundBad[x] ?? 0) + 1; } else for (const x of f) bad[x] = (bad[x] ?? 0) + 1; if (!d.includes(",")) kinds[d] = (kinds[d] ?? 0) + 1; }
console.log(n, sound, (performance.now() - t) / n * 1000, "us each"); console.log(bad, "\nsound:", soundBad, kinds);

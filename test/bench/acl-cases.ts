/** What of access control is measured. */

import { rulesOf, treeTwin } from "./acl.js";
import type { Case } from "./cases.js";
import type { Traffic } from "./harness.js";
import { prefixesOf } from "./prefixes.js";

interface Parts {
  readonly pipeline: (name: string) => string;
  readonly twin: (program: string) => Case["twin"];
  readonly traffic: Traffic;
}

/** The direct table's chunks as the block's own runtime makes them; its cells hold actions, as the twin's do. */
const CHUNKS = 2 * 2256;

export function aclCases({ pipeline, twin, traffic }: Parts): readonly Case[] {
  const counts = [10, 100, 1000];
  return [
    ...counts.map(count => ({
      name: `acl/${count}`,
      pipeline: pipeline(`acl${count}-plain`),
      twin: { source: treeTwin(rulesOf(count), { plain: true }), program: "acl" },
      traffic,
    })),
    ...counts.map(count => ({
      name: `acl/${count}/everything`,
      pipeline: pipeline(`acl${count}`),
      twin: { source: treeTwin(rulesOf(count)), program: "acl" },
      traffic,
    })),
    {
      name: "acl/10/everything/tc",
      pipeline: pipeline("acl10-tc"),
      twin: { source: treeTwin(rulesOf(10)), program: "acl" },
      traffic: { ...traffic, tc: true },
    },
    {
      name: "acl/prefixes/lpmTrie",
      pipeline: pipeline("acl-prefixes-trie"),
      twin: { ...twin("prefixes-trie"), program: "prefixes_trie" },
      traffic,
      fill(_ours, theirs) {
        for (const { prefix, length, action } of prefixesOf(1000)) {
          const key = new Uint8Array(8);
          const view = new DataView(key.buffer);
          view.setUint32(0, length, true);
          view.setUint32(4, prefix);
          theirs.map("prefixes").update(key, Uint8Array.of(action), 0);
        }
      },
    },
    {
      name: "acl/prefixes/prefixTable",
      pipeline: pipeline("acl-prefixes-direct"),
      twin: { ...twin("prefixes-direct"), program: "prefixes_direct" },
      traffic,
      fill(ours, theirs) {
        const from = ours.map(":acl.prefixes4.chunks");
        const key = new Uint8Array(4);
        for (let i = 0; i < CHUNKS; i++) {
          new DataView(key.buffer).setUint32(0, i, true);
          const chunk = from.lookup(key);
          if (chunk) theirs.map("chunks").update(key, chunk, 0);
        }
      },
    },
  ];
}

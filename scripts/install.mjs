#!/usr/bin/env node
/** Runs when npm installs the package: builds the addon where it can. Building and checking pipelines works without it. */
import { buildAddon } from "./setup/addon.mjs";

try {
  buildAddon();
} catch (error) {
  console.error(`datapath: the native addon was not built (${error.message}).`);
  console.error("datapath: `dp build` works; for `dp attach`, install g++, make, python3 and libbpf-dev, then run `npm rebuild datapath`.");
}

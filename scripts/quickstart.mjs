#!/usr/bin/env node
/** `npm run quickstart`: set-up, then a tour: an example built, attached, fed, changed and detached. */
process.argv[2] = "test/quickstart/main.ts";
await import("./run.mjs");

/** `npm run docs`: writes the pages that are generated. */
import { writeFileSync } from "node:fs";
import { diagnosticsPage } from "./diagnostics-page.js";

const page = new URL("../../docs/diagnostics.md", import.meta.url);
writeFileSync(page, diagnosticsPage());
console.log("docs/diagnostics.md");

/** One header of a test packet: its class and the fields that the test gives. `packet(…)` computes the rest. */
import type { Layer } from "./schema.js";
import type { View } from "./view.js";

export class HeaderLayer implements Layer {
  readonly "~layer" = true;
  readonly header: typeof View & { readonly size: number; readonly title: string };
  readonly fields: object;

  constructor(header: typeof View & { readonly size: number; readonly title: string }, fields: object) {
    this.header = header;
    this.fields = fields;
  }
}

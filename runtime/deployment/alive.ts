/** Whether a target still has what was attached to it. */
import { attachmentState, readAttachment } from "../hook/attachment.js";
import { HOOKS } from "./generation.js";
import type { Layout } from "./layout.js";
import type { RecordedTarget } from "./record.js";

/** Whether any hook of a target still has its device. */
export function isAlive(layout: Layout, id: string, { target }: RecordedTarget): boolean {
  return HOOKS.some(hook => {
    const attachment = readAttachment(layout.link(id, hook));
    return attachment !== undefined && attachmentState(attachment, target).program !== undefined;
  });
}

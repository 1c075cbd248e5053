/**
 * How a verdict is carried as one number: the action in the low byte, what belongs to it above. Zero is no verdict,
 * so that `Verdict | undefined` is one register. On XDP drop, pass and reflect are the kernel's own action codes.
 */
export const Action = { None: 0, Drop: 1, Pass: 2, Reflect: 3, Redirect: 4, Route: 5, Flood: 6, Abort: 7 } as const;
export type ActionCode = (typeof Action)[keyof typeof Action];

/** `detail`: a drop's site, a redirect's interface index, a flood's map. */
export function encodeVerdict(action: ActionCode, detail = 0): number {
  return action + detail * 256;
}
export function decodeVerdict(code: number): { action: number; detail: number } {
  return { action: code % 256, detail: Math.floor(code / 256) };
}

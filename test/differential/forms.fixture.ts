/** What forms.test.ts imports under other names. */
export const THREE = 3;
export function short(length: number): boolean {
  return length < THREE * 20;
}
export default 7;

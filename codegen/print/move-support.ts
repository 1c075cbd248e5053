export function moveSupport(_text: string): string {
  return "";
}

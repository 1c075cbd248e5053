/** Rows as a table for the terminal and as a chart. */
import type { FullRow, ListRow, Row } from "./run-case.js";

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map(row => (row[i] ?? "").length)));
  const line = (cells: readonly string[]) =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("  ");
  return [line(head), ...rows.map(line)].join("\n");
}

export function rowsTable(rows: readonly Row[]): string {
  const head = ["", "instructions", "twin", "more", "verified", "jited bytes", "net ns", "twin", "ratio"];
  return table(
    head,
    rows.map(row => [
      row.name,
      `${row.instructions}`,
      `${row.twinInstructions}`,
      `${row.instructions - row.twinInstructions}`,
      `${row.verified}`,
      `${row.jitedBytes}`,
      row.netNs.toFixed(1),
      row.twinNetNs.toFixed(1),
      ratio(row).toFixed(2),
    ]),
  );
}

/** Of times that a clock can tell apart: below a nanosecond both are nothing. */
function ratio({ netNs, twinNetNs }: Row): number {
  return Math.max(netNs, 1) / Math.max(twinNetNs, 1);
}

export function fullTable(rows: readonly FullRow[]): string {
  return table(
    ["more options", "instructions", "verified", "jited bytes", "net ns"],
    rows.map(row => [row.name, `${row.instructions}`, `${row.verified}`, `${row.jitedBytes}`, row.netNs.toFixed(1)]),
  );
}

export function listsTable(rows: readonly ListRow[]): string {
  return table(
    ["first-match list", "instructions", "verified", "net ns"],
    rows.map(({ rules, figures }) =>
      figures
        ? [`${rules} rules`, `${figures.instructions}`, `${figures.verified}`, figures.netNs.toFixed(1)]
        : [`${rules} rules`, "refused by", "the", "verifier"],
    ),
  );
}

const left = 230;
const width = 420;
const barHeight = 14;
const rowHeight = 44;

/** Two bars a row: ours, and the twin's. */
export function chart(rows: readonly Row[]): string {
  const most = Math.max(1, ...rows.flatMap(({ netNs, twinNetNs }) => [netNs, twinNetNs]));
  const bar = (ns: number, y: number, colour: string) => {
    const length = Math.max(1, (Math.max(0, ns) / most) * width);
    const text = `<text x="${left + length + 6}" y="${y + barHeight - 3}">${ns.toFixed(1)}</text>`;
    return `<rect x="${left}" y="${y}" width="${length.toFixed(1)}" height="${barHeight}" fill="${colour}"/>${text}`;
  };
  const body = rows.map((row, i) => {
    const y = 50 + i * rowHeight;
    const instructions = `${row.instructions} / ${row.twinInstructions} instructions`;
    return [
      `<text x="${left - 10}" y="${y + 12}" text-anchor="end">${row.name}</text>`,
      `<text x="${left - 10}" y="${y + 27}" text-anchor="end" fill="#777">${instructions}</text>`,
      bar(row.netNs, y, "#2b6cb0"),
      bar(row.twinNetNs, y + barHeight + 2, "#a0aec0"),
    ].join("");
  });
  const height = 60 + rows.length * rowHeight;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${left + width + 80}" height="${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="100%" height="100%" fill="white"/>`,
    `<text x="10" y="24" font-size="14">net nanoseconds a packet: datapath (blue), hand-written C (grey)</text>`,
    ...body,
    "</svg>\n",
  ].join("\n");
}

/** Loader hook: puts the export condition `datapath` in front, so that packages give their TypeScript source. */
export function resolve(specifier, context, next) {
  return next(specifier, { ...context, conditions: ["datapath", ...(context.conditions ?? []).filter(name => name !== "datapath")] });
}

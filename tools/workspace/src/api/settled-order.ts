/** `"a" | "b"`, however many. */
const UNION = /"[\w-]+"(?: \| "[\w-]+")+/g;
/** Lines one after the other as `a: "a";`, the members of an enumeration of zod's. */
const MEMBERS = /(?:^ *"?[\w-]+"?: "[\w-]+";\n)+/gm;

/**
 * A report with texts that stand for choices in alphabetical order: the compiler's own depends on which of them it
 * has met first, so that a build which goes on from the one before has another than a fresh one.
 */
export function withSettledOrder(report: string): string {
  return report
    .replaceAll(UNION, (union) => union.split(' | ').sort().join(' | '))
    .replaceAll(MEMBERS, (lines) => `${lines.trimEnd().split('\n').sort().join('\n')}\n`);
}

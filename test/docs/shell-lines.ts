/** What starts the command in the pages: installed, in a clone, or from its sources. */
const PROGRAM =
  /^(?:npx )?ar-distill(?= |$)|^node (?:-C @ar-distill\/source -r \S+ )?packages\/ar-distill\/(?:dist\/main\.js|src\/main\.ts)(?= |$)/;

/** The arguments of every `ar-distill` that lines of a shell start, with their variables filled in. */
export function commandsIn(code: string): string[][] {
  const variables = new Map<string, string>();
  const found: string[][] = [];
  for (const line of code.replace(/\\\n\s*/g, ' ').split('\n')) {
    const filled = line
      .trim()
      .replace(/\$(\w+)/g, (whole, name: string) => variables.get(name) ?? whole);
    const [, name, value] = /^(\w+)=(.*)$/.exec(filled) ?? [];
    if (name !== undefined && value !== undefined) {
      variables.set(name, wordsOf(value).join(' '));
      continue;
    }
    for (const part of filled.split(/ (?:&&|\|) |<\(/)) {
      const program = PROGRAM.exec(part.trim())?.[0];
      if (program !== undefined) found.push(wordsOf(part.trim().slice(program.length)));
    }
  }
  return found;
}

/** Words up to a comment, a redirection or a closing bracket, without their quotes. */
function wordsOf(text: string): string[] {
  const words: string[] = [];
  for (const [whole, single, double, bare] of text.matchAll(/'([^']*)'|"([^"]*)"|([^\s'"]+)/g)) {
    if (/^[#>)]/.test(whole)) break;
    words.push(single ?? double ?? bare?.replace(/\)$/, '') ?? '');
    if (bare?.endsWith(')')) break;
  }
  return words;
}

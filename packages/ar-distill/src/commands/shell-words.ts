/** What no shell reads as anything else. */
const PLAIN = /^[\w@%+=:,./-]+$/;
/** The same where folders end in a backslash. */
const PLAIN_ON_WINDOWS = /^[\w@+=:,.\\/-]+$/;

/** Words as one line that a shell reads as these words again. */
export function shellLine(
  words: readonly string[],
  platform: NodeJS.Platform = process.platform,
): string {
  return words.map(platform === 'win32' ? quotedOnWindows : quoted).join(' ');
}

function quoted(word: string): string {
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Names of files hold no quotation marks there. */
function quotedOnWindows(word: string): string {
  return PLAIN_ON_WINDOWS.test(word) ? word : `"${word}"`;
}

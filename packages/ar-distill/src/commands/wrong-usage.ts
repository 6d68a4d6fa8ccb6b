import type { CommanderError } from 'commander';

const HELP = 'add --help to see what there is';
const SUGGESTED = /\(Did you mean (?:one of )?(.+)\?\)/;

/** Patterns of what commander says by its code, and the sentence in its place. */
const SENTENCES: Readonly<Record<string, readonly [RegExp, (...parts: string[]) => string]>> = {
  'commander.invalidArgument': [
    /^error: option '(--[\w-]+)[^']*' argument '(.*)' is invalid\. (.*)$/s,
    (flag, value, expected) => `${flag} is wrong: expected ${expected}, not "${value}".`,
  ],
  'commander.optionMissingArgument': [
    /^error: option '((--[\w-]+)[^']*)' argument missing$/s,
    (form, flag) => `${flag} needs a value: write ${form}.`,
  ],
  'commander.missingArgument': [
    /^error: missing required argument '(.*)'$/s,
    (name) => `The argument <${name}> is missing: ${HELP}.`,
  ],
  'commander.unknownOption': [
    /^error: unknown option '(.*?)'(?:\n.*)?$/s,
    (option) => `There is no option "${option}"`,
  ],
  'commander.unknownCommand': [
    /^error: unknown command '(.*?)'(?:\n.*)?$/s,
    (command) => `There is no command "${command}"`,
  ],
  'commander.excessArguments': [
    /^error: too many arguments(?: for '(.*?)')?\. Expected (\d+) .* got (\d+)\.$/s,
    (command, expected, got) =>
      `"${command}" takes ${expected} ${expected === '1' ? 'argument' : 'arguments'}, not ${got}: ${HELP}.`,
  ],
};

/**
 * What commander says about a wrong command line, as one sentence. Its own texts have several sentences
 * and lines.
 */
export function usageSentence({ code, message }: CommanderError): string {
  const [pattern, sentence] = SENTENCES[code] ?? [];
  const parts = pattern?.exec(message)?.slice(1);
  if (!sentence || !parts) return message.replace(/^error: /, '');
  const text = sentence(...parts.map((part: string | undefined) => part ?? 'ar-distill'));
  if (text.endsWith('.')) return text;
  const nearest = SUGGESTED.exec(message)?.[1];
  return nearest === undefined ? `${text}: ${HELP}.` : `${text}: did you mean "${nearest}"?`;
}

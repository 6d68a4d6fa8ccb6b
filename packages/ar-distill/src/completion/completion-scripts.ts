import type { CompletedCommand, CompletedOption, CompletedValue } from './completed-commands';

/** Shells that scripts are written for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** The script that completes the command line in a shell. */
export function completionScript(shell: Shell, commands: readonly CompletedCommand[]): string {
  return SCRIPTS[shell](commands);
}

const SCRIPTS: Readonly<Record<Shell, (commands: readonly CompletedCommand[]) => string>> = {
  bash: (commands) => `# ar-distill in bash: source <(ar-distill completion bash)
_ar_distill() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" place="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$place \${COMP_WORDS[i]}" in
      ${stepsOf(commands)}) place="\${place:+$place }\${COMP_WORDS[i]}" ;;
    esac
  done
  COMPREPLY=()
  case "$place $before" in
${valueCases(commands, {
  words: (words) => `COMPREPLY=($(compgen -W ${quoted(words.join(' '))} -- "$current"))`,
  asked: (question) => `COMPREPLY=($(compgen -W "$(${question})" -- "$current"))`,
  // What is not completed here is a file to bash.
  file: () => ':',
})}
  esac
  case "$place" in
${commands
  .map(
    (command) =>
      `    ${quoted(command.path)}) COMPREPLY=($(compgen -W ${quoted(wordsOf(command).join(' '))} -- "$current")) ;;`,
  )
  .join('\n')}
  esac
}
complete -o default -F _ar_distill ar-distill
`,

  zsh: (commands) => `#compdef ar-distill
# ar-distill in zsh: source <(ar-distill completion zsh)
_ar_distill() {
  local place="" i
  local -a items
  for ((i = 2; i < CURRENT; i++)); do
    case "$place $words[i]" in
      ${stepsOf(commands)}) place="\${place:+$place }$words[i]" ;;
    esac
  done
  case "$place $words[CURRENT-1]" in
${valueCases(commands, {
  words: (words) => `compadd -- ${words.map(quoted).join(' ')}`,
  asked: (question) => `compadd -- $(${question})`,
  file: () => '_files',
})}
  esac
  case "$place" in
${commands
  .map((command) => `    ${quoted(command.path)}) items=(${describedWords(command)}) ;;`)
  .join('\n')}
  esac
  _describe -o ar-distill items
  [[ "$words[CURRENT]" == -* ]] || _files
}
# Read as a file of $fpath it is the function itself.
if [ "$funcstack[1]" = "_ar_distill" ]; then
  _ar_distill "$@"
else
  compdef _ar_distill ar-distill
fi
`,

  fish: (commands) => `# ar-distill in fish: ar-distill completion fish | source
function __ar_distill_place
  set -l place ""
  for word in (commandline -opc)[2..]
    switch "$place $word"
      case ${steps(commands).map(quoted).join(' ')}
        set place (string trim -- "$place $word")
    end
  end
  echo "$place"
end
function __ar_distill_at
  set -l place (__ar_distill_place)
  test "$place" = "$argv"
end
${commands.flatMap(fishLines).join('\n')}
`,
};

/** How a shell completes the word after an option. */
interface ValueActions {
  words(words: readonly string[]): string;
  /** @param question a command that prints names. */
  asked(question: string): string;
  file(): string;
}

function actionOf(value: CompletedValue, { words, asked, file }: ValueActions): string {
  switch (value.kind) {
    case 'words':
      return words(value.words);
    case 'asked':
      return asked(`ar-distill completion ${value.names} 2>/dev/null`);
    case 'file':
      return file();
  }
}

/** Branches by "path option" of a `case` that has its say before everything else. */
function valueCases(commands: readonly CompletedCommand[], actions: ValueActions): string {
  const patterns = new Map<string, string[]>();
  for (const { path, options } of commands) {
    for (const { flag, value } of options) {
      if (value === undefined) continue;
      const action = actionOf(value, actions);
      patterns.set(action, [...(patterns.get(action) ?? []), quoted(`${path} ${flag}`)]);
    }
  }
  return [...patterns]
    .map(([action, places]) => `    ${places.join(' | ')})\n      ${action}\n      return ;;`)
    .join('\n');
}

/** What leads from a command to one below it: "train tokenizer", " train". */
function steps(commands: readonly CompletedCommand[]): string[] {
  return commands.flatMap(({ path, commands: own }) => own.map(({ name }) => `${path} ${name}`));
}

function stepsOf(commands: readonly CompletedCommand[]): string {
  return steps(commands).map(quoted).join(' | ');
}

function wordsOf({ commands, options }: CompletedCommand): string[] {
  return [...commands.map(({ name }) => name), ...options.map(({ flag }) => flag)];
}

/** Words with their meaning behind a colon. */
function describedWords({ commands, options }: CompletedCommand): string {
  const described = [
    ...commands.map(({ name, description }) => [name, description] as const),
    ...options.map(({ flag, description }) => [flag, description] as const),
  ];
  return described
    .map(([word, meaning]) => quoted(`${word.replaceAll(':', '\\:')}:${meaning}`))
    .join(' ');
}

function fishLines({ path, commands, options }: CompletedCommand): string[] {
  const start = `complete -c ar-distill -n ${quoted(`__ar_distill_at ${path}`.trim())}`;
  const described = (description: string): string => `-d ${fishQuoted(description)}`;
  return [
    ...commands.map(
      ({ name, description }) => `${start} -f -a ${quoted(name)} ${described(description)}`,
    ),
    ...options.map(
      (option) =>
        `${start} -l ${option.flag.slice(2)} ${fishValue(option)}${described(option.description)}`,
    ),
  ];
}

function fishValue({ value }: CompletedOption): string {
  if (value === undefined) return '';
  return `${actionOf(value, {
    words: (words) => `-x -a ${quoted(words.join(' '))}`,
    asked: (question) => `-x -a ${quoted(`(${question})`)}`,
    file: () => '-r',
  })} `;
}

/** In quotation marks that bash and zsh take off. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** The same for fish, where a backslash in quotation marks means something. */
function fishQuoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, '\\$&')}'`;
}

import type { Command } from 'commander';
import { completedCommands } from '../../../packages/ar-distill/src/completion/completed-commands';
import { type NamedCommand, namedCommands, programIn } from './commands';
import { code, pageOf, plain, sentence, table } from './markdown';
import { slugOf } from './slug';

const INTRODUCTION = `# Command line

<!-- Written by npm run docs:reference from the commands' own definitions. -->

\`ar-distill COMMAND --help\` prints the same. Any setting can be given as \`--set key=value\`, and the options of
most commands in a file with \`--config\`: [configuration](configuration.md) lists all keys. What a command prints
for programs, shell completion and TensorBoard are in
[packages/ar-distill](../packages/ar-distill/README.md#the-command).

The exit code is 0 for success, 1 for a failure, 2 for a wrong command line or setting, and 130 for an
interruption. A failure prints one sentence that says what to do; [troubleshooting](troubleshooting.md) says more.`;

/**
 * The page of all commands, with what their definitions say.
 * @param root folder of the repository, whose plugins are named in examples.
 */
export function commandLinePage(root: string): Promise<string> {
  const help: string[] = [];
  const program = programIn(root, (text) => help.push(text));
  const choices = choicesOf(program);
  const commands = namedCommands(program);
  const sections = commands.map(({ path, command }) => {
    help.length = 0;
    command.outputHelp();
    return section({ path, command }, help.join(''), choices);
  });
  const summaries = commands.map(({ path, command }) => [
    `[${code(path)}](#${slugOf(path)})`,
    plain(command.description()),
  ]);
  return pageOf([INTRODUCTION, table(['command', 'what it does'], summaries), ...sections]);
}

/** The words that an option takes, where it takes one of a few, under "path --flag". */
function choicesOf(program: Command): ReadonlyMap<string, readonly string[]> {
  return new Map(
    completedCommands(program).flatMap(({ path, options }) =>
      options.flatMap(({ flag, value }) =>
        value?.kind === 'words' ? [[`${path} ${flag}`, value.words] as const] : [],
      ),
    ),
  );
}

function section(
  { path, command }: NamedCommand,
  help: string,
  choices: ReturnType<typeof choicesOf>,
): string {
  const options = command.options.map(({ flags, long, description }) => {
    const words = choices.get(`${path} ${long}`) ?? [];
    const missing = words.filter((word) => !`${flags} ${description}`.includes(word));
    const oneOf = missing.length > 0 ? `; ${words.map(code).join(', ')}` : '';
    return [code(flags), plain(description) + oneOf];
  });
  const given = command.registeredArguments.map((argument) => [
    code(argument.required ? `<${argument.name()}>` : `[${argument.name()}]`),
    plain(argument.description),
  ]);
  const examples = help.split('\nExamples:\n')[1] ?? '';
  const lines = examples.replaceAll(/^ {2}\$ /gm, '').trim();
  return [
    `## ${path}`,
    sentence(command.description()),
    table(['argument or option', 'what it means'], [...given, ...options]),
    ...(lines === '' ? [] : [`\`\`\`sh\n${lines}\n\`\`\``]),
  ].join('\n\n');
}

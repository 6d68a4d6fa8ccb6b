import { PLUGINS, PRESETS, unknownName } from '@ar-distill/di';
import type { Command } from 'commander';
import { ASKED, type Asked, completedCommands } from '../completion/completed-commands';
import { completionScript, SHELLS } from '../completion/completion-scripts';
import { UsageError } from '../errors';
import type { CommandEnvironment } from './environment';
import { examples } from './flags';
import { openContainer } from './session';

/** `ar-distill completion`: the script of a shell, and the names that it asks for. */
export function addCompletionCommand(program: Command, env: CommandEnvironment): void {
  const command = program
    .command('completion')
    .description('print a script that completes commands, options and names in a shell')
    .argument(
      '<shell>',
      `${SHELLS.join(', ')}; or ${ASKED.join(', ')}, whose names scripts ask for`,
    )
    .addHelpText(
      'after',
      examples(
        'completion bash > ~/.local/share/bash-completion/completions/ar-distill',
        'completion zsh > ~/.zsh/completions/_ar-distill     # a folder of $fpath',
        'completion fish > ~/.config/fish/completions/ar-distill.fish',
      ),
    );
  command.action(async (what: string) => {
    const shell = SHELLS.find((name) => name === what);
    if (shell !== undefined) {
      const script = completionScript(shell, completedCommands(program));
      env.finish({ document: { shell, script }, text: script });
      return;
    }
    const asked = ASKED.find((name) => name === what);
    if (asked === undefined) throw new UsageError(unknownName('shell', what, SHELLS));
    const names = await installedNames(env, asked);
    env.finish({ document: { names }, text: names.map((name) => `${name}\n`).join('') });
  });
}

async function installedNames(env: CommandEnvironment, asked: Asked): Promise<string[]> {
  const container = await openContainer(env, {});
  try {
    return asked === 'presets'
      ? container.resolveAll(PRESETS).map(({ name }) => name)
      : container.resolveAll(PLUGINS).map(({ definition }) => definition.name);
  } finally {
    await container.dispose();
  }
}

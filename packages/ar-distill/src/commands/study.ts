import path from 'node:path';
import { studySchema } from '@ar-distill/workflows';
import type { Command } from 'commander';
import { loadConfig } from '../config/load-config';
import { resolveOptions } from '../config/resolve-options';
import { studyOptionsSchema } from '../config/schemas';
import { UsageError } from '../errors';
import { commandLine, optionWords } from './command-line';
import type { CommandEnvironment } from './environment';
import { examples, givenFlags, withCommonOptions } from './flags';
import { placeLines } from './place-lines';
import { withWorkflow } from './session';

/** `ar-distill study`. */
export function addStudyCommand(program: Command, env: CommandEnvironment): void {
  const command = program
    .command('study')
    .description('run a grid of distillations and write one page that compares them')
    .argument('<file>', 'YAML file of the study; results and the page are kept beside it')
    .option('--out <folder>', 'folder that run directories are made in (default: runs)')
    .option('--plan', 'print how many runs there are and how many are done, and start nothing')
    .option('--page-only', 'write the page from the results that are there, and run nothing')
    .option('--markdown', "write the page as Markdown, too, under the study's name")
    .addHelpText(
      'after',
      examples('study study.yaml --plan', 'study study.yaml', 'study study.yaml --page-only'),
    );
  withCommonOptions(command).action(async (name: string) => {
    const given = resolveOptions(studyOptionsSchema, givenFlags(command), env.cwd);
    const { pageOnly, markdown, out } = given;
    const plan = given.plan ?? env.mode === 'rehearse';
    const writing = pageOnly ? '--page-only' : markdown ? '--markdown' : undefined;
    if (given.plan && writing) {
      throw new UsageError(`--plan writes nothing and ${writing} a page: leave one out.`);
    }
    const file = loadConfig(name, env.cwd, studySchema);
    const folder = path.dirname(path.resolve(env.cwd, name));
    const options = { file, folder, out, pageOnly, markdown };
    const study = ['study', name, ...optionWords({ out, markdown })];
    const outcome = await withWorkflow(env, { ...given, study }, async (container, workflow) =>
      plan
        ? env.workflows.planStudy(container, options, workflow)
        : env.workflows.study(container, options, workflow),
    );
    const page = typeof outcome === 'string' ? outcome : undefined;
    env.finish({
      document: page === undefined ? { plan: outcome } : { page },
      text: page === undefined ? '' : placeLines({ Page: page }),
      next: commandLine(env, given, plan || pageOnly ? study : [...study, '--page-only']),
    });
  });
}

import path from 'node:path';
import { createContainer } from '@ar-distill/di';
import * as workflows from '@ar-distill/workflows';
import { runCli } from '../../packages/ar-distill/src/commands/program';

const ROOT = path.join(__dirname, '..', '..');

/** Runs the command in this process; runs and files are named relative to `folder`. */
export function commandIn(folder: string) {
  return async (command: string) => {
    let stdout = '';
    let stderr = '';
    const args = command.replace(
      /(--(?:resume|stage1|weights|run|out|npz) )(?!latest)/g,
      `$1${folder}${path.sep}`,
    );
    const status = await runCli(args.split(' '), {
      cwd: folder,
      variables: {},
      stdout: { write: (text) => (stdout += text) },
      stderr: { write: (text) => (stderr += text) },
      workflows,
      createContainer: (options) => createContainer({ ...options, pluginFolders: [ROOT] }),
    });
    return { status, stdout, stderr: stderr.replaceAll(folder + path.sep, '') };
  };
}

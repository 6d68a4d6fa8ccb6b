import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { PinnedPackage } from '../src/tensorflow/sources';

/** Programs that stand for pip, npm and the compiler, in a folder that is the whole PATH. */
export class FakeTools {
  readonly path: string;

  /** `tar` and what scripts need are the real ones. */
  constructor(private readonly folder: string) {
    this.path = join(folder, 'bin');
    mkdirSync(this.path, { recursive: true });
    for (const name of ['tar', 'gzip', 'cp', 'sleep']) {
      const real = execFileSync('/bin/sh', ['-c', `command -v ${name}`], { encoding: 'utf8' });
      this.write(name, `exec ${real.trim()} "$@"`);
    }
  }

  /** Puts a shell script under that name into the PATH. */
  write(name: string, script: string): void {
    const path = join(this.path, name);
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o755);
  }

  /** A pip whose index has that wheel. */
  pip(wheel: string): void {
    this.write(
      'python3',
      `for last; do :; done
[ "$last" = --version ] && exit 0
while [ "$1" != --dest ]; do shift; done
exec cp ${wheel} "$2"`,
    );
  }

  /** An npm whose registry has packages of those files; their checksums, by name. */
  npm(packages: Readonly<Record<string, Readonly<Record<string, string>>>>) {
    const pins: Record<string, PinnedPackage> = {};
    for (const [name, files] of Object.entries(packages)) {
      const folder = join(this.folder, 'registry', name);
      for (const [file, text] of Object.entries(files)) {
        const path = join(folder, 'package', file);
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, text);
      }
      const tarball = this.tarball(name);
      execFileSync('tar', ['-czf', tarball, '-C', folder, 'package']);
      const sha512 = createHash('sha512').update(readFileSync(tarball)).digest('base64');
      pins[name] = { name, version: '1.0.0', sha512 };
    }
    this.write(
      'npm',
      `while [ "$1" != --pack-destination ]; do shift; done
name=\${3%@*}
exec cp "${join(this.folder, 'registry')}/$name.tgz" "$2"`,
    );
    return pins;
  }

  /** The file that npm's registry has for a package. */
  tarball(name: string): string {
    return join(this.folder, 'registry', `${name}.tgz`);
  }
}

/**
 * The name under which the engine hands its tfjs to the scripts of a binding: kernels count only in the
 * very copy of tfjs that the application uses, wherever that lies.
 */
export const TFJS_KEY = '@ar-distill/engine tfjs';

/** What the scripts require; the first has all that the second has. */
const PACKAGES = ['@tensorflow/tfjs', '@tensorflow/tfjs-core'] as const;

/** The packages of tfjs beside a binding, file by file: no copies, but the way to the application's. */
export const TFJS_FORWARDERS: Readonly<Record<string, string>> = Object.fromEntries(
  PACKAGES.flatMap((name) => [
    [`${name}/package.json`, JSON.stringify({ name, version: '4.22.0', main: 'index.js' })],
    [`${name}/index.js`, `module.exports = globalThis[Symbol.for('${TFJS_KEY}')];\n`],
  ]),
);

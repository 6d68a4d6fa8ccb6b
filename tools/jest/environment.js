'use strict';
// jest runs tests in a vm context with its own typed-array constructors, while native add-ons
// (onnxruntime-node) check `instanceof` against those of the outer realm. Sharing the outer
// constructors makes tensors created in a test acceptable to the add-on, and the other way round.
// What a test sets in its own copy of the environment does not reach native code.
process.env.ORT_DISABLE_TELEMETRY ??= '1';

const { TestEnvironment } = require('jest-environment-node');

const SHARED = [
  'ArrayBuffer',
  'SharedArrayBuffer',
  'DataView',
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
];

class SharedRealmEnvironment extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    for (const name of SHARED) this.global[name] = globalThis[name];
    // Worker threads start outside of jest's module loader: they compile TypeScript themselves.
    this.global.process.execArgv = [
      '-C',
      '@ar-distill/source',
      '-r',
      require.resolve('./register'),
    ];
  }
}

module.exports = SharedRealmEnvironment;

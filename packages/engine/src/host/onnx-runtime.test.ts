import { notLoaded, onnxRuntime } from './onnx-runtime';

it('is there where its library is', () => {
  expect(
    onnxRuntime()
      .listSupportedBackends()
      .map(({ name }) => name),
  ).toContain('cpu');
});

it.each([
  [
    new Error(
      "Cannot find module '../bin/napi-v6/darwin/x64/onnxruntime_binding.node'\nRequire stack:",
    ),
    { platform: 'darwin', arch: 'x64' },
    "darwin x64 (Cannot find module '../bin/napi-v6/darwin/x64/onnxruntime_binding.node')",
  ],
  [
    new Error('Error loading shared library ld-linux-x86-64.so.2: No such file or directory.'),
    { platform: 'linux', arch: 'x64' },
    'linux x64 (Error loading shared library ld-linux-x86-64.so.2: No such file or directory)',
  ],
] as const)('says in one sentence where it is not', (error, machine, words) => {
  const { message, cause } = notLoaded(error, machine);
  expect(message).toMatch(/^[^\n]+[^.]\.$/);
  expect(message.startsWith(`onnxruntime-node cannot be loaded on ${words}: `)).toBe(true);
  expect(cause).toBe(error);
});

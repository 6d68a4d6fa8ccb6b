import { checkPlatform, thisPlatform } from './platform';

const FITTING = { system: 'linux', processor: 'x64', glibc: '2.36' };

it.each(['2.27', '2.36', '3.0'])('takes Linux x64 with glibc %s', (glibc) => {
  expect(() => checkPlatform({ ...FITTING, glibc })).not.toThrow();
});

it.each([
  [{ glibc: '2.26' }, 'linux x64 with glibc 2.26'],
  [{ glibc: undefined }, 'linux x64 without glibc'],
  [{ processor: 'arm64' }, 'linux arm64 with glibc 2.36'],
  [{ system: 'darwin', glibc: undefined }, 'darwin x64'],
  [{ system: 'win32', glibc: undefined }, 'win32 x64'],
])('refuses %j by name', (differences, name) => {
  expect(() => checkPlatform({ ...FITTING, ...differences })).toThrow(
    `TensorFlow is built on Linux x64 with glibc 2.27 or newer, not on ${name}: use the backend onnxruntime, which needs nothing more.`,
  );
});

it('knows this machine', () => {
  expect(thisPlatform()).toMatchObject({ system: process.platform, processor: process.arch });
});

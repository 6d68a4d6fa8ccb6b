import { refuseDeepYaml } from './yaml-nesting';

it.each([
  ['brackets', '['.repeat(65)],
  ['braces and brackets with text between', 'a: {b: [1, '.repeat(40)],
  ['dashes', '- '.repeat(70)],
  ['question marks', '? '.repeat(70)],
])('refuses YAML of %s inside of each other', (_what, text) => {
  expect(() => refuseDeepYaml(text)).toThrow('deeper than 64 levels');
});

it('lets pass what is long and flat', () => {
  const lines = Array.from({ length: 500 }, (_, i) => `- key${i}: [1, { a: 2 }]\n`);
  expect(() => refuseDeepYaml(lines.join(''))).not.toThrow();
  expect(() => refuseDeepYaml('- - -\n'.repeat(100))).not.toThrow();
});

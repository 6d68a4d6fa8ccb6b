import { withoutPrefix, wrapperPrefix } from './wrapper-prefix';

const tensors = (...names: string[]) =>
  Object.fromEntries(names.map((name) => [name, { shape: [2] }]));

it.each([
  ['module.', ['module.a', 'module.b.c']],
  ['_orig_mod.', ['_orig_mod.a']],
  ['model.', ['model.a', 'model.model_b']],
  ['ema.', ['ema.a', 'ema.b']],
  ['online_model.', ['online_model.a', 'online_model.b']],
  ['ema.net.', ['ema.net.a', 'ema.net.b']],
  ['ema_model.module.', ['ema_model.module.a', 'ema_model.module.b']],
  ['module._orig_mod.model.', ['module._orig_mod.model.a']],
  ['', ['module.a', 'b']],
  ['', ['modules.a']],
  ['', []],
])('finds "%s" in front of all names', (prefix, names) => {
  expect(wrapperPrefix(tensors(...names))).toBe(prefix);
});

it('overlooks the counters of averages, which lose their place', () => {
  const averaged = { ...tensors('module.a'), n_averaged: { shape: [] } };
  expect(wrapperPrefix(averaged)).toBe('module.');
  expect(Object.keys(withoutPrefix(averaged, 'module.'))).toEqual(['a']);
});

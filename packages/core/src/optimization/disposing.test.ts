import { disposing } from './disposing';

const recorder =
  (events: string[], failing = false) =>
  (name: string) => ({
    name,
    dispose: async () => {
      events.push(name);
      if (failing) throw new Error(`${name} stays`);
    },
  });

it('disposes of everything in reverse order once the work has ended', async () => {
  const events: string[] = [];
  const thing = recorder(events);
  const result = await disposing(async (own) => {
    own(thing('store'));
    const { name } = own(thing('step'));
    await Promise.resolve();
    events.push('work');
    return name;
  });
  expect(result).toBe('step');
  expect(events).toEqual(['work', 'step', 'store']);
});

it('does so as well when the work fails, and throws what made it fail', async () => {
  const events: string[] = [];
  const thing = recorder(events, true);
  const work = disposing(async (own) => {
    own(thing('store'));
    own(thing('step'));
    throw new Error('the work failed');
  });
  await expect(work).rejects.toThrow('the work failed');
  expect(events).toEqual(['step', 'store']);
});

it('throws what cannot be disposed of after good work', async () => {
  const thing = recorder([], true);
  await expect(disposing(async (own) => own(thing('step')).name)).rejects.toThrow('step stays');
});

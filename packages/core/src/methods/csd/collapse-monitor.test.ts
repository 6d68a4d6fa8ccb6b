import { CollapseMonitor } from './collapse-monitor';

function watch(teacherSpread: number) {
  const messages: string[] = [];
  const progress = { update: () => undefined, message: (text: string) => void messages.push(text) };
  return { messages, monitor: new CollapseMonitor(teacherSpread, progress) };
}

it('warns once, after the spread stayed far below the teacher for long', () => {
  const { messages, monitor } = watch(1);
  for (let i = 0; i < 15; i++) monitor.observe(0.1, i);
  monitor.observe(0.9, 15);
  for (let i = 16; i < 30; i++) monitor.observe(0.1, i);
  expect(messages).toEqual([]);
  for (let i = 30; i < 60; i++) monitor.observe(0.1, i);
  expect(messages).toHaveLength(1);
  expect(messages[0]).toContain('collapsed by update 35');
});

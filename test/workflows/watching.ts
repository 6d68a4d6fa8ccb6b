import type { WorkflowEvent } from '@ar-distill/workflows';

/** What this process writes to its streams while `work` runs. */
export async function printedBy<T>(work: () => Promise<T>): Promise<{ value: T; printed: string }> {
  let printed = '';
  const spies = [process.stdout, process.stderr].map((stream) =>
    jest.spyOn(stream, 'write').mockImplementation((text) => {
      printed += String(text);
      return true;
    }),
  );
  try {
    return { value: await work(), printed };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

type Of<Kind extends WorkflowEvent['kind']> = Extract<WorkflowEvent, { readonly kind: Kind }>;

/** The events of one kind. */
export function eventsOf<Kind extends WorkflowEvent['kind']>(
  events: readonly WorkflowEvent[],
  kind: Kind,
): Of<Kind>[] {
  return events.filter((event): event is Of<Kind> => event.kind === kind);
}

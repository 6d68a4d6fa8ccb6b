/** Every method draws from one seed; 0 where its settings have none. */
export function seedOf(settings: unknown): number {
  const seed: unknown =
    typeof settings === 'object' && settings !== null ? Reflect.get(settings, 'seed') : undefined;
  return typeof seed === 'number' ? seed : 0;
}

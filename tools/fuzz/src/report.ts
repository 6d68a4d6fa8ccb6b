import { markdownOf, type TableColumn } from '@ar-distill/evaluation/report';
import type { CaseResult } from './laboratory';

const MEBIBYTE = 2 ** 20;

interface Counts {
  accepted: number;
  refused: number;
  defects: number;
  slowest: number;
}

/** Counts of outcomes by kind of mutation, and every defect. */
export class Report {
  readonly #counts = new Map<string, Counts>();
  readonly #defects: string[] = [];
  #peak = 0;

  add(result: CaseResult & { readonly number: number; readonly peak: number }): void {
    const { kind, outcome, message, milliseconds, number, peak, seed } = result;
    const counts = this.#of(kind);
    if (outcome === 'accepted' || outcome === 'refused') counts[outcome]++;
    else {
      counts.defects++;
      this.#defects.push(`case ${number} (${kind}, ${seed}): ${outcome}: ${message}`);
    }
    counts.slowest = Math.max(counts.slowest, milliseconds);
    this.#peak = Math.max(this.#peak, peak);
  }

  /** A case that ended its process. */
  addFailure(number: number, failure: string): void {
    this.#of('process').defects++;
    this.#defects.push(`case ${number}: ${failure}`);
  }

  defects(): readonly string[] {
    return this.#defects;
  }

  /** Markdown, with the peak of resident memory of the processes below. */
  table(): string {
    const all = [...this.#counts.values()];
    const sum = (key: 'accepted' | 'refused' | 'defects'): string =>
      String(all.reduce((total, counts) => total + counts[key], 0));
    const figure = (title: string): TableColumn => ({ title, align: 'right' });
    const table = markdownOf({
      columns: [{ title: 'kind' }, ...['refused', 'accepted', 'defects', 'slowest'].map(figure)],
      rows: [
        ...[...this.#counts].map(([kind, { refused, accepted, defects, slowest }]) => [
          kind,
          ...[refused, accepted, defects].map(String),
          `${(slowest / 1000).toFixed(1)} s`,
        ]),
        ['all', sum('refused'), sum('accepted'), sum('defects'), ''],
      ],
    });
    return `${table}\n\nPeak of resident memory: ${(this.#peak / MEBIBYTE).toFixed(0)} MiB`;
  }

  #of(kind: string): Counts {
    const known = this.#counts.get(kind);
    if (known) return known;
    const fresh = { accepted: 0, refused: 0, defects: 0, slowest: 0 };
    this.#counts.set(kind, fresh);
    return fresh;
  }
}

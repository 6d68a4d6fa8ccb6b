import prettyMilliseconds from 'pretty-ms';
import type { MetricColumn } from './metric-column';
import { markdownTable, type ResultRow } from './result-table';
import { type SpeedComparison, speedUpTable } from './speed-up';
import { markdownOf } from './table';

/** One point of the training's quality curve. */
export interface QualityPoint {
  /** Updates of the generator. */
  readonly updates: number;
  /** Training time so far, in seconds. */
  readonly seconds: number;
  /** Fréchet distance. */
  readonly distance: number;
}

/** How the rows of a report were measured, and what follows from it. */
export interface ReportedQuality {
  /** Name and definition of the Fréchet distance: the feature network's own words. */
  readonly frechetName: string;
  readonly definition: string;
  /** See `metricColumns`. */
  readonly columns: readonly MetricColumn[];
  /** Samples per row. */
  readonly samples: number;
  /** See `gapClosed`. */
  readonly gapClosed?: number | undefined;
  readonly overTime?: readonly QualityPoint[];
  /** What keeps figures from being told apart, see `biasWarning`. */
  readonly warning?: string | undefined;
}

/** Everything that a report shows. */
export interface Report {
  readonly title: string;
  /** Methods in the order of the table. */
  readonly rows: readonly ResultRow[];
  /** Left out when no feature network can read the images. */
  readonly quality?: ReportedQuality;
  /** Images per call that the rows' seconds per image are of, the decoder included. */
  readonly timedBatch: number;
  /** One step against the teacher's KV-cached sampling. */
  readonly speed?: readonly SpeedComparison[];
  /** What an adaptation of the teacher to continuous input kept, in sentences. */
  readonly adaptation?: readonly string[];
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  /** Seconds per stage. */
  readonly timings: Readonly<Record<string, number>>;
  /** Image files, by paths relative to the report. */
  readonly pictures?: readonly { readonly title: string; readonly path: string }[];
}

/** The report as Markdown. */
export function renderReport(report: Report): string {
  const { rows, quality, pictures = [], speed = [], adaptation = [], settings, timings } = report;
  const sections = [`# ${report.title}`, markdownTable(rows, quality?.columns ?? [])];
  if (rows.some(({ secondsPerImage }) => secondsPerImage !== undefined)) {
    sections.push(`Seconds per image are of ${report.timedBatch} per call, with the decoder.`);
  }
  if (quality) sections.push(...explanation(quality, rows));
  if (speed.length > 0) {
    sections.push(
      "## One step against the teacher's KV-cached sampling",
      speedUpTable(speed),
      'Medians of calls in turns, in one process. Images are the same sequences with the decoder, ' +
        'which costs both the same.',
    );
  }
  if (adaptation.length > 0) {
    sections.push('## Adaptation to continuous input', ...adaptation.map((line) => `- ${line}.`));
  }
  if (pictures.length > 0) {
    sections.push('## Pictures', ...pictures.map(({ title, path }) => `![${title}](${path})`));
  }
  const points = quality?.overTime ?? [];
  if (quality && points.length > 0) {
    sections.push(
      `## ${quality.frechetName} over time`,
      table(
        ['generator updates', 'training time', quality.frechetName],
        points.map(({ updates, seconds, distance }) => [
          String(updates),
          duration(seconds),
          distance.toFixed(2),
        ]),
      ),
    );
  }
  const stages = Object.entries(timings);
  if (stages.length > 0) {
    sections.push(
      '## Time',
      table(
        ['stage', 'time'],
        stages.map(([stage, seconds]) => [stage, duration(seconds)]),
      ),
    );
  }
  sections.push(
    '## Settings',
    table(
      ['setting', 'value'],
      Object.entries(settings).map(([name, value]) => [name, String(value)]),
    ),
  );
  return `${sections.join('\n\n')}\n`;
}

/** What stands below the table: what its figures mean, and the gap that was closed. */
function explanation(
  { definition, samples, columns, frechetName, gapClosed, warning }: ReportedQuality,
  rows: readonly ResultRow[],
): string[] {
  const shown = columns.filter(({ name }) =>
    rows.some(({ values }) => values?.[name] !== undefined),
  );
  const lines = [`${definition} ${samples.toLocaleString('en-US')} samples per row.`];
  if (shown.length > 0) {
    lines.push(
      shown
        .map(({ title, summary, better }) => `- ${title}: ${summary}; ${better} is better.`)
        .join('\n'),
    );
  }
  if (warning !== undefined) lines.push(`**${warning}**`);
  if (gapClosed !== undefined) {
    lines.push(
      `**Gap closed: ${(100 * gapClosed).toFixed(1)}%** of the ${frechetName} difference between ` +
        'independent tokens (onestep*, 0%) and the teacher (100%).',
    );
  }
  return lines;
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  return markdownOf({ columns: titles.map((title) => ({ title })), rows });
}

/** Seconds as "7.4s", "2m 5s" or "1h 2m". */
export function duration(seconds: number): string {
  return prettyMilliseconds(1000 * seconds, { unitCount: 2 });
}

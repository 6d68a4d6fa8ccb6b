import prettyMilliseconds from 'pretty-ms';
import { FID_MNIST, FID_MNIST_DEFINITION } from '../fid-mnist';
import { speedUpTable, type SpeedComparison } from './speed-up';
import { markdownTable, percent, type ResultRow } from './result-table';
import { markdownOf } from './table';

/** One point of the training's quality curve. */
export interface FidMeasurement {
  /** Updates of the generator. */
  readonly updates: number;
  /** Training time so far, in seconds. */
  readonly seconds: number;
  readonly fid: number;
}

/** Everything that a report shows. */
export interface Report {
  readonly title: string;
  /** Methods in the order of the table. */
  readonly rows: readonly ResultRow[];
  /** Samples per row. */
  readonly samples: number;
  /** See `gapClosed`. */
  readonly gapClosed?: number | undefined;
  /** One step against the teacher's KV-cached sampling. */
  readonly speed?: readonly SpeedComparison[];
  /** What an adaptation of the teacher to continuous input kept, in sentences. */
  readonly adaptation?: readonly string[];
  readonly fidOverTime?: readonly FidMeasurement[];
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  /** Seconds per stage. */
  readonly timings: Readonly<Record<string, number>>;
  /** Image files, by paths relative to the report. */
  readonly pictures?: readonly { readonly title: string; readonly path: string }[];
}

/** The report as Markdown. */
export function renderReport(report: Report): string {
  const { fidOverTime = [], pictures = [], speed = [], adaptation = [] } = report;
  const sections = [
    `# ${report.title}`,
    markdownTable(report.rows),
    `${FID_MNIST_DEFINITION} ${report.samples.toLocaleString('en-US')} samples per row. ` +
      'Diversity is the mean distance of two images of a class in these features, as a share of the ' +
      "test set's: far below 1 means mode collapse.",
  ];
  if (report.gapClosed !== undefined) {
    sections.push(
      `**Gap closed: ${percent(report.gapClosed)}** of the ${FID_MNIST} difference between ` +
        'independent tokens (onestep*, 0%) and the teacher (100%).',
    );
  }
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
  if (fidOverTime.length > 0) {
    sections.push(
      `## ${FID_MNIST} over time`,
      table(
        ['generator updates', 'training time', FID_MNIST],
        fidOverTime.map(({ updates, seconds, fid }) => [
          String(updates),
          duration(seconds),
          fid.toFixed(2),
        ]),
      ),
    );
  }
  const timings = Object.entries(report.timings);
  if (timings.length > 0) {
    sections.push(
      '## Time',
      table(
        ['stage', 'time'],
        timings.map(([stage, seconds]) => [stage, duration(seconds)]),
      ),
    );
  }
  sections.push(
    '## Settings',
    table(
      ['setting', 'value'],
      Object.entries(report.settings).map(([name, value]) => [name, String(value)]),
    ),
  );
  return `${sections.join('\n\n')}\n`;
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  return markdownOf({ columns: titles.map((title) => ({ title })), rows });
}

/** Seconds as "7.4s", "2m 5s" or "1h 2m". */
export function duration(seconds: number): string {
  return prettyMilliseconds(1000 * seconds, { unitCount: 2 });
}

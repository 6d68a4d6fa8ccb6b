import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { MetricRecord } from '@ar-distill/core';
import {
  type ChartSeries,
  duration,
  lineChart,
  type PageBlock,
  type PagePicture,
  type PageSection,
  renderPage,
  type Table,
} from '@ar-distill/evaluation/report';
import { flattenSettings } from './flatten-settings';
import type { Picture } from './measured-table';
import { machineText } from './machine';
import type { ReportSubject } from './report-subject';
import { ownVersion } from './own-version';

/** What a report has measured, for its page. */
export interface MeasuredPage {
  /** In a sentence, what it comes to. */
  readonly verdict?: string | undefined;
  readonly table: Table;
  readonly pictures?: readonly Picture[];
}

/** Points of a curve that can be told apart. */
const POINTS = 200;
/** A name of a metric that is a loss. */
const LOSS = /(?:^|\/)loss$/;

/** Writes `report.html`, which shows the run without any other file; returns its path. */
export async function writeRunPage(
  { context, run, settings, timings }: ReportSubject,
  { verdict, table, pictures = [] }: MeasuredPage,
): Promise<string> {
  const sections: PageSection[] = [{ heading: 'Results', blocks: [{ kind: 'table', table }] }];
  const shown = await Promise.all(pictures.map((picture) => read(run.path, picture)));
  const pngs = shown.flatMap((picture) => picture ?? []);
  if (pngs.length > 0) {
    sections.push({ heading: 'Pictures', blocks: [{ kind: 'pictures', pictures: pngs }] });
  }
  const losses = lossCharts(await run.readMetrics());
  if (losses.length > 0) sections.push({ heading: 'Losses', blocks: losses });
  sections.push(
    {
      heading: 'Time',
      blocks: [{ kind: 'table', table: pairs('stage', 'time', mapped(timings, duration)) }],
    },
    {
      heading: 'Settings',
      blocks: [
        {
          kind: 'table',
          table: pairs('setting', 'value', mapped(flattenSettings(settings), String)),
        },
      ],
    },
    {
      heading: 'Machine and versions',
      blocks: [
        { kind: 'text', text: machineText(ownVersion()) },
        { kind: 'command', text: `ar-distill distill --resume ${run.path}` },
      ],
    },
  );
  const page = renderPage({
    title: `${context.found.name}: one-step generator`,
    summary: verdict === undefined ? [] : [{ kind: 'text', text: verdict }],
    sections,
  });
  return run.writeFile('report.html', Buffer.from(page));
}

/** A PNG; charts are SVG and drawn from their data. */
async function read(run: string, { title, path: file }: Picture): Promise<PagePicture | undefined> {
  return file.endsWith('.png') ? { title, png: await readFile(path.join(run, file)) } : undefined;
}

/** The losses of every stage, a chart each. */
function lossCharts(records: readonly MetricRecord[]): PageBlock[] {
  const stages = new Map<string, Map<string, [number, number][]>>();
  for (const record of records) {
    const stage = String(record['stage']);
    const series = stages.get(stage) ?? new Map<string, [number, number][]>();
    stages.set(stage, series);
    for (const [name, value] of Object.entries(record)) {
      if (!LOSS.test(name) || typeof value !== 'number' || !Number.isFinite(value)) continue;
      const points = series.get(name) ?? [];
      points.push([Number(record['iteration']), value]);
      series.set(name, points);
    }
  }
  return [...stages].flatMap(([stage, series]) => {
    const curves: ChartSeries[] = [...series].map(([name, points]) => ({
      name,
      points: thinned(points),
    }));
    if (curves.length === 0) return [];
    const options = { title: stage, xLabel: 'updates', yLabel: 'loss' };
    return [{ kind: 'chart', svg: lineChart(curves, options) } as const];
  });
}

/** Every so many-th point, the last one among them. */
function thinned<T>(points: readonly T[]): T[] {
  const step = Math.ceil(points.length / POINTS);
  return points.filter((_, i) => (points.length - 1 - i) % step === 0);
}

function mapped<T>(values: Readonly<Record<string, T>>, text: (value: T) => string): string[][] {
  return Object.entries(values).map(([name, value]) => [name, text(value)]);
}

function pairs(left: string, right: string, rows: readonly (readonly string[])[]): Table {
  return { columns: [{ title: left }, { title: right }], rows };
}

import {
  lineChart,
  type PageBlock,
  significant,
  spreadOf,
  type Table,
} from '@ar-distill/evaluation/report';
import type { MeasuredCell } from './measured-cell';
import type { RunResult } from './run-result';
import type { StudyFile } from './study-file';

const Y_LABEL = 'Fréchet distance';

/** Means over seeds at one point of the training. */
interface CurvePoint {
  readonly updates: number;
  readonly seconds: number | undefined;
  readonly distance: number;
}

/** A cell and its mean curve. */
interface CellCurve {
  readonly name: string;
  readonly points: readonly CurvePoint[];
}

/**
 * The Fréchet distance during the training of the cells' generators: over updates and, where they are known and
 * compared, over seconds, with the times until it is what it is at the end of the reference.
 */
export function curveBlocks(
  cells: readonly MeasuredCell[],
  { compare: { reference }, timed: isTimed }: Pick<StudyFile, 'compare' | 'timed'>,
): PageBlock[] {
  const curves = cells
    .map(({ planned: { name }, results }) => ({ name, points: meanCurve(results) }))
    .filter(({ points }) => points.length > 0);
  if (curves.length === 0) return [];
  const blocks = [chart(curves, 'generator updates', ({ updates }) => updates)];
  const timed = curves.filter(({ points }) => points.every(({ seconds }) => seconds !== undefined));
  if (!isTimed || timed.length === 0) return blocks;
  blocks.push(chart(timed, 'seconds of training, all stages', ({ seconds = 0 }) => seconds));
  const target = timed.find(({ name }) => name === reference)?.points.at(-1);
  if (target) blocks.push({ kind: 'table', table: timesTo(reference, target, timed) });
  return blocks;
}

function chart(
  curves: readonly CellCurve[],
  xLabel: string,
  x: (point: CurvePoint) => number,
): PageBlock {
  const series = curves.map(({ name, points }) => ({
    name,
    points: points.map((point) => [x(point), point.distance] as const),
  }));
  const title = `${Y_LABEL} during training, means over seeds`;
  return {
    kind: 'chart',
    svg: lineChart(series, { title, xLabel, yLabel: Y_LABEL, yScale: 'log' }),
  };
}

/** Seconds of training until a cell is at least as near as the reference is at its end. */
function timesTo(reference: string, end: CurvePoint, curves: readonly CellCurve[]): Table {
  return {
    columns: [
      { title: 'cell' },
      { title: 'seconds of training', align: 'right' },
      { title: `seconds to the last distance of ${reference}`, align: 'right' },
      { title: `times as fast as ${reference}`, align: 'right' },
    ],
    rows: curves.map(({ name, points }) => {
      const all = points.at(-1)!.seconds!;
      const reached = points.find(({ distance }) => distance <= end.distance)?.seconds;
      const factor = reached === undefined ? '–' : significant(end.seconds! / reached);
      return [
        name,
        significant(all),
        reached === undefined ? 'never' : significant(reached),
        factor,
      ];
    }),
  };
}

/** Where every run has a point. */
function meanCurve(results: readonly RunResult[]): CurvePoint[] {
  return (results[0]?.curve ?? []).flatMap(({ updates }) => {
    const all = results.flatMap(
      ({ curve }) => curve.find((point) => point.updates === updates) ?? [],
    );
    if (all.length < results.length) return [];
    const seconds = all.flatMap((point) => point.seconds ?? []);
    return {
      updates,
      seconds: seconds.length === all.length ? spreadOf(seconds)?.mean : undefined,
      distance: spreadOf(all.map(({ distance }) => distance))!.mean,
    };
  });
}

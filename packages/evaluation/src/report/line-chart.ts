import { extent } from 'd3-array';
import { scaleLinear, scaleLog } from 'd3-scale';
import { line } from 'd3-shape';
import { escapeMarkup } from './escape-markup';

/** One line of a chart. */
export interface ChartSeries {
  readonly name: string;
  /** [x, y] pairs in the order of x. */
  readonly points: readonly ChartPoint[];
}

type ChartPoint = readonly [x: number, y: number];

/** Titles and scale of a chart. */
export interface ChartOptions {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  /** A logarithmic y axis shows falls over orders of magnitude (default linear). */
  readonly yScale?: 'linear' | 'log';
}

const WIDTH = 720;
const HEIGHT = 420;
const LEFT = 72;
const RIGHT = WIDTH - 24;
/** Of the plot, below one row of the legend. */
const TOP = 48;
const BOTTOM = HEIGHT - 56;
/** Height of a row of the legend. */
const LEGEND_ROW = 18;
/** Room that an entry takes beside its name, and a character of that at most. */
const ENTRY = { padding: 36, character: 7 };
/** Labels that there is room for. */
const X_LABELS = 6;
const Y_LABELS = 8;
/** Numbers in full, with commas and without trailing zeros. */
const LABELS = { linear: ',~f', log: ',~r' };
/** Okabe and Ito's colours, which colour-blind readers can tell apart. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#000000'];

/**
 * A line chart as an SVG document. Points that are not finite are left out.
 * @throws RangeError when no point is left, or a logarithmic axis meets values ≤ 0.
 */
export function lineChart(series: readonly ChartSeries[], options: ChartOptions): string {
  const lines = series.map(({ name, points }) => ({
    name,
    points: points.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y)),
  }));
  const all = lines.flatMap(({ points }) => points);
  if (all.length === 0) throw new RangeError(`The chart "${options.title}" has no points.`);
  const logarithmic = options.yScale === 'log';
  if (logarithmic && all.some(([, y]) => y <= 0)) {
    throw new RangeError(`The chart "${options.title}" has values that no logarithmic axis shows.`);
  }
  const xScale = scaleLinear(extentOf(all.map(([x]) => x)), [LEFT, RIGHT]).nice(X_LABELS);
  const yRange = extentOf(all.map(([, y]) => y));
  const legend = legendOf(lines.map(({ name }) => name));
  const top = TOP + LEGEND_ROW * legend.at(-1)!.row;
  const yScale = logarithmic
    ? scaleLog(yRange, [BOTTOM, top])
    : scaleLinear(extentOf([0, ...yRange]), [BOTTOM, top]).nice(Y_LABELS);
  const placeX = (x: number): number => tenth(xScale(x));
  const placeY = (y: number): number => tenth(yScale(y));
  const path = line<ChartPoint>(
    ([x]) => xScale(x),
    ([, y]) => yScale(y),
  ).digits(1);
  const xLabel = xScale.tickFormat(X_LABELS, LABELS.linear);
  const yLabel = yScale.tickFormat(Y_LABELS, LABELS[options.yScale ?? 'linear']);

  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text(WIDTH / 2, 24, options.title, 'text-anchor="middle" font-size="15"'),
    text(WIDTH / 2, HEIGHT - 14, options.xLabel, 'text-anchor="middle"'),
    `<g transform="translate(18 ${HEIGHT / 2}) rotate(-90)">${text(0, 0, options.yLabel, 'text-anchor="middle"')}</g>`,
    ...yScale
      .ticks(Y_LABELS)
      .flatMap((tick) => [
        `<line x1="${LEFT}" x2="${RIGHT}" y1="${placeY(tick)}" y2="${placeY(tick)}" stroke="${yLabel(tick) ? '#ddd' : '#f2f2f2'}"/>`,
        text(LEFT - 8, placeY(tick) + 4, yLabel(tick), 'text-anchor="end"'),
      ]),
    ...xScale
      .ticks(X_LABELS)
      .flatMap((tick) => [
        `<line x1="${placeX(tick)}" x2="${placeX(tick)}" y1="${BOTTOM}" y2="${BOTTOM + 5}" stroke="#666"/>`,
        text(placeX(tick), BOTTOM + 20, xLabel(tick), 'text-anchor="middle"'),
      ]),
    `<line x1="${LEFT}" x2="${RIGHT}" y1="${BOTTOM}" y2="${BOTTOM}" stroke="#666"/>`,
    ...lines.flatMap(({ name, points }, i) => {
      const colour = COLOURS[i % COLOURS.length]!;
      const { x, row } = legend[i]!;
      const baseline = TOP - 8 + LEGEND_ROW * row;
      return [
        `<path d="${path(points) ?? ''}" fill="none" stroke="${colour}" stroke-width="2"/>`,
        ...points.map(
          ([x, y]) => `<circle cx="${placeX(x)}" cy="${placeY(y)}" r="2.5" fill="${colour}"/>`,
        ),
        `<rect x="${x}" y="${baseline - 6}" width="12" height="4" fill="${colour}"/>`,
        text(x + 18, baseline, name, ''),
      ];
    }),
    '</svg>',
    '',
  ].join('\n');
}

/** Places of the names above the plot, where no line can meet them: in rows from the left. */
function legendOf(names: readonly string[]): { readonly x: number; readonly row: number }[] {
  let [x, row] = [LEFT, 0];
  return names.map((name) => {
    const width = ENTRY.padding + ENTRY.character * name.length;
    if (x > LEFT && x + width > RIGHT) [x, row] = [LEFT, row + 1];
    const place = { x, row };
    x += width;
    return place;
  });
}

/** Smallest and largest of one number or more. */
function extentOf(values: readonly number[]): [low: number, high: number] {
  const [low = 0, high = 0] = extent(values);
  return [low, high];
}

/** Pixels rounded to a tenth. */
function tenth(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}

/** A line of text; nothing when it is empty, as the labels of minor ticks are. */
function text(x: number, y: number, content: string, attributes: string): string {
  const escaped = escapeMarkup(content);
  return content && `<text x="${x}" y="${y}"${attributes && ` ${attributes}`}>${escaped}</text>`;
}

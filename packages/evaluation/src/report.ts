export { biasWarning } from './report/bias-warning';
export { gapClosed } from './report/gap-closed';
export { type ImageGridOptions, imageGrid } from './report/image-grid';
export { type ChartOptions, type ChartSeries, lineChart } from './report/line-chart';
export { type MetricColumn, formatValue, metricColumns } from './report/metric-column';
export {
  type QualityPoint,
  type Report,
  type ReportedQuality,
  duration,
  renderReport,
} from './report/report';
export {
  type Page,
  type PageBlock,
  type PagePicture,
  type PageSection,
  renderPage,
} from './report/page';
export { renderMarkdown } from './report/page-markdown';
export { type ResultRow, resultTable, textTable } from './report/result-table';
export { type SpeedComparison, speedUp, speedUpTable } from './report/speed-up';
export { type Comparison, type Spread, compareSpreads, spreadOf } from './report/spread';
export { type Table, type TableColumn, markdownOf, textOf } from './report/table';
export { significant } from './report/significant';

/** A page of the site, as the menu names it. */
export interface MenuPage {
  readonly text: string;
  /** Below `docs/`, without `.md`. */
  readonly page: string;
}

/** Pages that belong together. */
export interface MenuGroup {
  readonly text: string;
  readonly pages: readonly MenuPage[];
}

/** The menu beside every page: all pages in the order in which they are best read. */
export const MENU: readonly MenuGroup[] = [
  {
    text: 'Start',
    pages: [
      { text: 'AR-Distill', page: 'index' },
      { text: 'Quick start', page: 'quick-start' },
      { text: 'Installing', page: 'installing' },
      { text: 'Troubleshooting', page: 'troubleshooting' },
    ],
  },
  {
    text: 'The method',
    pages: [
      { text: 'Concepts', page: 'concepts' },
      { text: 'Comparison', page: 'comparison' },
      { text: "The paper's settings", page: 'paper-settings' },
      { text: 'Full size', page: 'full-size' },
      { text: 'Choices', page: 'choices' },
    ],
  },
  {
    text: 'Studies',
    pages: [
      { text: 'All studies', page: 'studies/README' },
      { text: 'Cost of training', page: 'studies/training-cost' },
      { text: 'Objectives', page: 'studies/objective' },
      { text: 'Methods', page: 'studies/methods' },
      { text: 'Few steps', page: 'studies/multi-step' },
      { text: 'Weights over AR steps', page: 'studies/weighting' },
      { text: 'A term from real data', page: 'studies/real-data' },
      { text: 'Performance alignment', page: 'studies/alignment' },
      { text: 'Ground-truth score', page: 'studies/gts' },
      { text: 'Path length', page: 'studies/path-length' },
      { text: 'The head', page: 'studies/head' },
      { text: 'Initialisation', page: 'studies/initialisation' },
      { text: 'Noise as input', page: 'studies/noise-input' },
      { text: 'Scale of the codes', page: 'studies/code-scale' },
      { text: 'Errors over AR steps', page: 'studies/error-accumulation' },
      { text: 'Timesteps and draws', page: 'studies/noising' },
    ],
  },
  {
    text: 'Make it yours',
    pages: [
      { text: 'Own data', page: 'own-data' },
      { text: 'Own backbone', page: 'new-backbone' },
      { text: 'Official checkpoints', page: 'import' },
      { text: 'Export', page: 'export' },
      { text: 'Playground', page: 'playground' },
      { text: "TensorFlow's kernels", page: 'tensorflow' },
    ],
  },
  {
    text: 'Reference',
    pages: [
      { text: 'Library', page: 'library' },
      { text: 'Command line', page: 'command-line' },
      { text: 'Configuration', page: 'configuration' },
    ],
  },
  {
    text: 'Reports',
    pages: [
      { text: 'MNIST, VAR', page: 'mnist/report' },
      { text: 'MNIST, LlamaGen', page: 'mnist-llamagen/report' },
    ],
  },
];

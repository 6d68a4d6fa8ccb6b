/** Repeats work as fast as it goes, for as long as something is held. */
export class Hold {
  private isHeld = false;
  private isRunning = false;

  constructor(private readonly work: () => Promise<void>) {}

  /** Begins; the work is done once at least. */
  start(): void {
    this.isHeld = true;
    if (!this.isRunning) void this.run();
  }

  stop(): void {
    this.isHeld = false;
  }

  private async run(): Promise<void> {
    this.isRunning = true;
    try {
      do await this.work();
      while (this.isHeld);
    } finally {
      this.isRunning = false;
    }
  }
}

/** Lets a button be held with a pointer, the space bar or Enter, and pressed by whatever else there is. */
export function holdWith(button: HTMLButtonElement, hold: Hold): void {
  const stop = (): void => hold.stop();
  button.addEventListener('pointerdown', (event) => {
    if (event.button === 0) hold.start();
  });
  for (const end of ['pointerup', 'pointercancel', 'pointerleave', 'blur'] as const) {
    button.addEventListener(end, stop);
  }
  // A long touch must not open a menu.
  button.addEventListener('contextmenu', (event) => event.preventDefault());
  button.addEventListener('keydown', (event) => {
    if (event.key !== ' ' && event.key !== 'Enter') return;
    event.preventDefault();
    if (!event.repeat) hold.start();
  });
  button.addEventListener('keyup', (event) => {
    if (event.key === ' ') event.preventDefault();
    stop();
  });
  button.addEventListener('click', (event) => {
    // A screen reader presses with neither a pointer nor a key.
    if (event.detail > 0) return;
    hold.start();
    hold.stop();
  });
}

/** The mark: 86, struck through, as a kitchen writes it when a dish is gone. */
export function Mark({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 32 32" aria-hidden className={className}>
      <rect width="32" height="32" rx="8" className="fill-accent" />
      <g fill="none" strokeWidth="2.5" className="stroke-on-accent">
        <circle cx="10.4" cy="12.5" r="3.1" />
        <circle cx="10.4" cy="19.4" r="3.8" />
        <circle cx="21.2" cy="18.9" r="4.2" />
        <path d="M24.2 8.8c-4.4.4-7.2 4.6-7.2 10.2" strokeLinecap="round" />
      </g>
    </svg>
  );
}

export function Wordmark() {
  return (
    <span className="flex items-center gap-2.5 text-base font-semibold tracking-tight">
      <Mark className="size-6" />
      <span className="sr-only sm:not-sr-only">Eightysix</span>
    </span>
  );
}

/** How long to wait before trying again. */
export interface BackoffOptions {
  /** First wait in milliseconds. */
  base: number;
  /** Longest wait in milliseconds. */
  cap: number;
  /** Source of numbers in `[0, 1)`; handed in so that tests are exact. */
  random: () => number;
}

/**
 * Exponential backoff with jitter: between half and the whole of `base * 2^attempt`, never over `cap`.
 * The jitter keeps a thousand phones from knocking in the same second when a mast comes back.
 */
export function backoff(attempt: number, { base, cap, random }: BackoffOptions): number {
  const ceiling = Math.min(cap, base * 2 ** Math.min(attempt, 30));
  return Math.round(ceiling / 2 + (random() * ceiling) / 2);
}

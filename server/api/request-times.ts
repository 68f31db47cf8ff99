/**
 * RequestTimes: how long requests took, by route and status, and which Trys the API refused by itself. It keeps no single
 * request. Memory is bounded by the route table: an unknown path counts under one name.
 */
import { Histogram, type HistogramSnapshot, TIME_BOUNDS_MS } from "../engine/kernel/histogram.ts";
import type { ErrorCode } from "../contracts/errors.ts";
import { ApiError } from "./problem.ts";

interface RouteName {
  method: string;
  path: string;
}

export const UNKNOWN_ROUTE: RouteName = { method: "any", path: "unknown" };

export class RequestTimes {
  private readonly byRoute = new Map<RouteName, Map<number, Histogram>>();
  private readonly refusals: Partial<Record<ErrorCode, number>> = {};

  /** @param tookMs until the answer was ready to be written. */
  saw(route: RouteName, status: number, tookMs: number): void {
    let byStatus = this.byRoute.get(route);
    if (!byStatus) this.byRoute.set(route, (byStatus = new Map()));
    let times = byStatus.get(status);
    if (!times) byStatus.set(status, (times = new Histogram(TIME_BOUNDS_MS)));
    times.observe(tookMs);
  }

  /** A Try ended with `error`. The engine counts its own refusals. */
  refused(error: unknown): void {
    if (error instanceof ApiError) this.refusals[error.code] = (this.refusals[error.code] ?? 0) + 1;
  }

  get refusedByCode(): Readonly<Partial<Record<ErrorCode, number>>> {
    return this.refusals;
  }

  snapshots(): { method: string; route: string; status: number; times: HistogramSnapshot }[] {
    return [...this.byRoute].flatMap(([{ method, path }, byStatus]) =>
      [...byStatus].map(([status, times]) => ({ method, route: path, status, times: times.snapshot() })),
    );
  }
}

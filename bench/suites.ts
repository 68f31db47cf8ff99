/**
 * What `npm run bench` can measure: one row a suite.
 */
import { ARTICLE, type Scale, CAS_ALONE, runArticle, runCells } from "./article/article.ts";
import { FULL, QUICK } from "./compare/cases.ts";
import { FULL_SCALE, QUICK_SCALE, runSideBySide } from "./compare/side-by-side.ts";
import { GROWTH_SCALE, runGrowth } from "./growth/growth.ts";
import { HTTP_SCALE, runHttp } from "./http/http.ts";
import type { Progress } from "./measure/progress.ts";
import type { Findings } from "./measure/report.ts";
import { PAGES_SCALE, runPages } from "./pages/pages.ts";
import { REMOTE_SCALE, runRemote } from "./remote/remote.ts";

export const SUITE_NAMES = ["quick", "full", "article", "cas", "http", "remote", "pages", "growth"] as const;
export type SuiteName = (typeof SUITE_NAMES)[number];

export interface Suite {
  about: string;
  /** Names of its cases, for `--case`. */
  cases?: readonly string[];
  /** @param only cases by name, where a suite has cases. */
  run: (progress: Progress, only: readonly string[]) => Promise<Findings>;
}

const scaled = (run: (scale: Scale, progress: Progress) => Promise<Findings>, scale: Scale) => (progress: Progress) => run(scale, progress);

export const SUITES: Record<SuiteName, Suite> = {
  quick: { about: "every contender on one hot dish, in under two minutes", cases: QUICK.map(({ name }) => name), run: (progress, only) => runSideBySide(QUICK, QUICK_SCALE, progress, only) },
  full: { about: "every contender under every load, in about half an hour", cases: FULL.map(({ name }) => name), run: (progress, only) => runSideBySide(FULL, FULL_SCALE, progress, only) },
  article: { about: "the source article's three tables, on real threads, in about a minute", run: scaled(runArticle, ARTICLE) },
  cas: { about: "one cell under 2 to 32 threads, for longer", run: scaled(runCells, CAS_ALONE) },
  http: { about: "single and batch calls against empty handlers", run: (progress) => runHttp(HTTP_SCALE, progress) },
  remote: { about: "orders with a remote participant against calling it, and against orders without one", run: (progress) => runRemote(REMOTE_SCALE, progress) },
  pages: { about: "Trys over HTTP while console pages are rendered by the same process, by another, or not at all", run: (progress) => runPages(PAGES_SCALE, progress) },
  growth: { about: "what a Try costs beside 100 000 dishes, open holds and a million reservations", run: (progress) => runGrowth(GROWTH_SCALE, progress) },
};

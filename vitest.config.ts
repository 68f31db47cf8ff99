/**
 * Kinds of tests. `unit`: *.test.ts, fast, no servers. `unhurried` and `integration`: *.integration.test.ts, on a real Postgres and
 * Redis that server/testing/global-setup.ts starts. `simulation`: *.simulation.test.ts, minutes of both processors and no servers.
 * Browser tests are Playwright's (e2e/).
 */
import { defineConfig } from "vitest/config";

/** Those that hold no engine of theirs to the 800 ms of a request: they start and kill servers, and mostly wait for them. */
const UNHURRIED = ["prisma", "scripts", "server/embedded", "server/main", "e2e/faults/failpoints", "e2e/faults/proxy", "bench/growth", "bench/http"].flatMap((place) => [
  `${place}/**/*.integration.test.ts`,
  `${place}.integration.test.ts`,
]);
const NOT_OURS = ["**/node_modules/**", ".next/**", ".data/**", ".cache/**", "e2e/*.ts"];

export default defineConfig({
  resolve: { alias: { "@": import.meta.dirname } },
  test: {
    pool: "forks",
    // Files that share a process load what they import once: half the processor time of the unit tests. No module keeps state of a test.
    isolate: false,
    teardownTimeout: 20_000,
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["**/*.test.ts", "**/*.test.tsx"],
          exclude: [...NOT_OURS, "**/*.integration.test.ts", "**/*.simulation.test.ts"],
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          name: "unhurried",
          include: UNHURRIED,
          exclude: NOT_OURS,
          globalSetup: ["server/testing/global-setup.ts"],
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: "integration",
          include: ["**/*.integration.test.ts"],
          exclude: [...NOT_OURS, ...UNHURRIED],
          globalSetup: ["server/testing/global-setup.ts"],
          // One file at a time: they hold the engine to its deadlines, which two cores keep for one, not for two
          // (tried: one answer of 504 in two runs).
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: "simulation",
          include: ["**/*.simulation.test.ts"],
          exclude: NOT_OURS,
          // One file at a time: each spreads its seeds over the processors by itself.
          maxWorkers: 1,
          sequence: { groupOrder: 3 },
          testTimeout: 1_800_000, // two minutes of two processors; beside other tests it gets what they leave
          hookTimeout: 60_000,
        },
      },
    ],
  },
});

/**
 * For the Prisma CLI only (`generate`, `validate`, `studio`). The app applies migrations by itself: server/embedded/migrate.ts.
 */
import { defineConfig } from "prisma/config";

export default defineConfig({
  schema: "prisma/schema",
  migrations: { path: "prisma/migrations" },
  datasource: { url: process.env.DATABASE_URL ?? "" },
});

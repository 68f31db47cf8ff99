/** Next builds and serves the console's pages; server/main.ts is what runs it, together with the API and the sockets. */
import type { NextConfig } from "next";
import createNextIntlPlugin from "next-intl/plugin";

const config: NextConfig = {
  poweredByHeader: false,
  reactStrictMode: true,
  typedRoutes: true,
  // Lint and types are `npm run check`; a build that repeats them costs both cores half a minute.
  typescript: { ignoreBuildErrors: true },
  devIndicators: false,
};

export default createNextIntlPlugin("./app/locale.ts")(config);

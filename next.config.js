/** Next builds and serves the console's pages; server/main.ts is what runs it, together with the API and the sockets. */
import createNextIntlPlugin from "next-intl/plugin";

/** @type {import("next").NextConfig} */
const config = {
  poweredByHeader: false,
  reactStrictMode: true,
  typedRoutes: true,
  // Lint and types are `npm run check`; a build that repeats them costs both cores half a minute.
  typescript: { ignoreBuildErrors: true },
  devIndicators: false,
};

export default createNextIntlPlugin("./app/locale.ts")(config);

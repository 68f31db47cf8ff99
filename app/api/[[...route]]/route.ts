/**
 * The API's second mount: whatever under /api reaches Next goes to the same application that server/main.ts mounts on
 * node:http. It decides nothing; one contract suite runs against both mounts.
 */
import { getRuntime } from "@/server/runtime";

const answer = (request: Request) => getRuntime().api.fetch(request);

export const dynamic = "force-dynamic";
export {
  answer as DELETE,
  answer as GET,
  answer as HEAD,
  answer as OPTIONS,
  answer as PATCH,
  answer as POST,
  answer as PUT,
};

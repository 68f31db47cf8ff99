/**
 * The API's second mount: whatever under /api reaches Next goes to the same application that server/main.ts mounts on
 * node:http, through the door of the pages' thread. It decides nothing; one contract suite runs against both mounts.
 */
import { plainRequest, responseOf } from "@/server/pages/plain-http";
import { getRuntime } from "@/server/runtime";

const answer = async (request: Request) => responseOf(await getRuntime().reads.api(await plainRequest(request)));

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

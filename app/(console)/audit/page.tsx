import type { Metadata } from "next";
import { getTimeZone, getTranslations } from "next-intl/server";
import { AuditScreen } from "@/components/audit/audit-screen";
import { auditSearch, readAuditQuery } from "@/components/audit/query";
import { readActors, readAudit } from "@/server/console/audit/reads";
import { auditQuery } from "@/server/contracts/audit";
import { getRuntime } from "@/server/runtime";
import { requireOperator } from "../../session";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("audit"))("title") };
}

interface PageProps {
  searchParams: Promise<Record<string, string | string[] | undefined>>;
}

export default async function AuditPage({ searchParams }: PageProps) {
  const operator = await requireOperator();
  const { board, prisma } = getRuntime();
  const given = await searchParams;
  const query = readAuditQuery({ get: (name) => [given[name]].flat()[0] ?? null });
  const asked = auditQuery.safeParse(Object.fromEntries(auditSearch(query, await getTimeZone())));
  const [first, actors] = await Promise.all([readAudit(prisma, asked.success ? asked.data : auditQuery.parse({})), readActors(prisma)]);
  return <AuditScreen operator={operator} overview={board.overview.snapshot()} first={first} actors={actors} />;
}

import type { Metadata } from "next";
import { getTimeZone, getTranslations } from "next-intl/server";
import { AuditScreen } from "@/components/audit/audit-screen";
import { auditSearch, readAuditQuery } from "@/components/audit/query";
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
  const given = await searchParams;
  const query = readAuditQuery({ get: (name) => [given[name]].flat()[0] ?? null });
  const asked = auditQuery.safeParse(Object.fromEntries(auditSearch(query, await getTimeZone())));
  return <AuditScreen operator={operator} {...await getRuntime().reads.audit(asked.success ? asked.data : auditQuery.parse({}))} />;
}

import type { Metadata } from "next";
import { getTranslations } from "next-intl/server";
import { InboxScreen } from "@/components/inbox/inbox-screen";
import { inboxAsked, readInboxQuery, refundsAsked } from "@/components/inbox/query";
import { getRuntime } from "@/server/runtime";
import { requireOperator } from "../../session";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("inbox"))("title") };
}

interface PageProps {
  searchParams: Promise<Record<string, string | string[] | undefined>>;
}

export default async function InboxPage({ searchParams }: PageProps) {
  const operator = await requireOperator();
  const given = await searchParams;
  const query = readInboxQuery({ get: (name) => [given[name]].flat()[0] ?? null });
  return <InboxScreen operator={operator} {...await getRuntime().reads.inbox(inboxAsked(query), refundsAsked(query))} />;
}

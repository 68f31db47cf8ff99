import type { Metadata } from "next";
import { getTranslations } from "next-intl/server";
import { SettingsScreen } from "@/components/settings/settings-screen";
import { readSettings } from "@/server/console/settings/routes";
import { getRuntime } from "@/server/runtime";
import { requireOperator } from "../../session";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("settings"))("title") };
}

export default async function SettingsPage() {
  const operator = await requireOperator();
  const { board, prisma, engine, config } = getRuntime();
  const facts = { rateLimitPerSecond: config.rateLimitPerSecond, retentionDays: config.retentionDays, participants: config.participants.map(({ name }) => name) };
  const first = await readSettings({ prisma, engine, board, facts }, operator.operatorId);
  return <SettingsScreen operator={operator} overview={board.overview.snapshot()} first={first} />;
}

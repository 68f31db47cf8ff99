import type { Metadata } from "next";
import { getTranslations } from "next-intl/server";
import { CausesScreen } from "@/components/causes/causes-screen";
import { getRuntime } from "@/server/runtime";
import { requireOperator } from "../../session";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("causes"))("title") };
}

export default async function CausesPage() {
  const operator = await requireOperator();
  return <CausesScreen operator={operator} {...await getRuntime().reads.causes()} />;
}

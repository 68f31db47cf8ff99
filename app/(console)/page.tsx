import type { Metadata } from "next";
import { getTranslations } from "next-intl/server";
import { Overview } from "@/components/overview/overview";
import { getRuntime } from "@/server/runtime";
import { requireOperator } from "../session";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("shell"))("overview") };
}

interface PageProps {
  searchParams: Promise<{ kiosk?: string }>;
}

export default async function OverviewPage({ searchParams }: PageProps) {
  const operator = await requireOperator();
  return <Overview operator={operator} {...await getRuntime().reads.wall()} kiosk={(await searchParams).kiosk === "1"} />;
}

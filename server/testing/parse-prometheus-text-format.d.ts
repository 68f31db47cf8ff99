/** What the tests use of a package that brings no types. */
declare module "parse-prometheus-text-format" {
  interface Sample {
    labels?: Record<string, string>;
    value: string;
  }
  export default function parsePrometheusTextFormat(text: string): { name: string; metrics: Sample[] }[];
}

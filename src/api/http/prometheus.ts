/**
 * Metrics in the text format of Prometheus, version 0.0.4, which every scraper reads.
 *
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/
 */
import type { Metric } from "../../runtime/metrics.ts";

/** The media type of the format. */
export const prometheusType = "text/plain; version=0.0.4; charset=utf-8";

const escapes: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", '"': '\\"' };

function line(name: string, labels: Readonly<Record<string, string>>, value: number): string {
  const named = Object.entries(labels).map(([label, text]) =>
    `${label}="${text.replace(/[\\\n"]/g, (one) => escapes[one] ?? one)}"`
  );
  return `${name}${named.length === 0 ? "" : `{${named.join()}}`} ${value}\n`;
}

function linesOf(metric: Metric): string {
  const { name } = metric;
  if (metric.type !== "histogram") {
    return metric.samples.map(({ labels, value }) => line(name, labels, value)).join("");
  }
  const buckets = metric.buckets.map(({ le, count }) => line(`${name}_bucket`, { le: String(le) }, count));
  return [
    ...buckets,
    line(`${name}_bucket`, { le: "+Inf" }, metric.count),
    line(`${name}_sum`, {}, metric.sum),
    line(`${name}_count`, {}, metric.count),
  ].join("");
}

/** The whole page. */
export function prometheusText(metrics: readonly Metric[]): string {
  return metrics.map((metric) =>
    `# HELP ${metric.name} ${metric.help}\n# TYPE ${metric.name} ${metric.type}\n${linesOf(metric)}`
  ).join("");
}

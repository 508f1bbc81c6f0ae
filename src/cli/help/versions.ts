/** What `--version` says. */
import { defaultConfig } from "../../kernel/config.ts";
import { entryFormat } from "../../kernel/entry.ts";
import { buildInfo } from "../../runtime/assets.ts";

/** Version, build and formats. */
export interface Versions {
  readonly version: string;
  readonly build: string;
  readonly abi: number;
  readonly logFormat: number;
  readonly v8: string;
  readonly platform: string;
}

/** The versions of this program. */
export function versions(): Versions {
  const { version, build, v8, platform } = buildInfo();
  return { version, build, abi: defaultConfig.abi, logFormat: entryFormat, v8, platform };
}

/** One line for people. */
export function versionLine({ version, build, abi, logFormat, v8, platform }: Versions): string {
  return `engramlt ${version} (${build} build, ABI ${abi}, log format ${logFormat}, V8 ${v8}, ${platform})`;
}

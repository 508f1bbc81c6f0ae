/**
 * Modules: from the bytes of a .wasm file to what the sandbox runs, prepared once per (bytes, policy, instrumenter).
 *
 * Invariant: what a module may do and cost depends on its bytes and the recorded configuration, never on this cache.
 */
import { type Config, EngramError } from "../../kernel/mod.ts";
import { type Blobs, sha256Hex } from "../../log/mod.ts";
import { abiImports, abiVersion, checkExports, type ExportChoice } from "../../sandbox/mod.ts";
import {
  defaultProfileLimits,
  instrumenterVersion,
  prepare,
  type Prepared,
  type ProfileLimits,
} from "../../wasm/mod.ts";

/** A module ready for the sandbox. */
interface ReadyModule {
  readonly key: string;
  readonly prepared: Prepared;
  readonly stackDepthMax: number;
  readonly exports: ExportChoice;
}

const profileOf = (config: Config): ProfileLimits => ({ ...defaultProfileLimits, ...config.profile });

/** The profile limits a new folder records. */
export const initialProfile: Readonly<Record<string, number>> = { ...defaultProfileLimits };

/** Prepared modules kept; of more, the one used longest ago is prepared again when it is needed. */
const readyMax = 256;

/** Watches modules being made ready. */
export interface PrepareWatch {
  /** A clock for durations, in ms. */
  readonly stopwatch: () => number;
  /** How long one took in ms, or null where it was refused. */
  readonly onPrepared: (ms: number | null) => void;
}

const unwatched: PrepareWatch = { stopwatch: () => 0, onPrepared: () => {} };

/** Prepared modules by hash and policy. */
export class Modules {
  readonly #blobs: Blobs;
  readonly #watch: PrepareWatch;
  readonly #ready = new Map<string, ReadyModule>();
  /** The part of a key that a configuration gives; one object is one configuration. */
  readonly #profiles = new WeakMap<Config, string>();

  constructor(blobs: Blobs, watch: PrepareWatch = unwatched) {
    this.#blobs = blobs;
    this.#watch = watch;
  }

  /** The bytes of a module's file. */
  bytes(sha: string): Uint8Array {
    return this.#blobs.get(sha);
  }

  /** The module of a hash, for an agent allowed `pages` of memory. */
  get(sha: string, config: Config, pages: number | null): ReadyModule {
    const key = this.#key(sha, config, pages);
    return this.#known(key) ?? this.#prepare(key, this.#blobs.get(sha), config, pages);
  }

  /**
   * Checks a module before its load is asked for, and stores its bytes. Returns its hash.
   * Refuses by name: what is no module, what the profile forbids, unknown imports, missing exports.
   */
  admit(
    bytes: Uint8Array,
    config: Config,
    pages: number | null,
  ): { readonly sha: string; readonly ready: ReadyModule } {
    if (bytes.length > config.moduleBytesMax) {
      const message =
        `Cannot load the module: ${bytes.length} bytes, moduleBytesMax is ${config.moduleBytesMax}`;
      throw new EngramError("module_too_large", message, { bytes: bytes.length });
    }
    const sha = sha256Hex(bytes);
    const key = this.#key(sha, config, pages);
    const ready = this.#known(key) ?? this.#prepare(key, bytes, config, pages);
    this.#blobs.put(bytes);
    return { sha, ready };
  }

  #key(sha: string, config: Config, pages: number | null): string {
    return `${sha}:${this.#pages(config, pages)}:${this.#profile(config)}`;
  }

  #profile(config: Config): string {
    let key = this.#profiles.get(config);
    if (key === undefined) {
      const profile = Object.entries(config.profile).map(([name, value]) => `${name}=${value}`).join();
      const hash = sha256Hex(new TextEncoder().encode(profile));
      key = `${config.stackDepthMax}:${instrumenterVersion}:${hash}`;
      this.#profiles.set(config, key);
    }
    return key;
  }

  #pages(config: Config, pages: number | null): number {
    return Math.min(pages ?? config.linearMemoryPagesMax, 32_767);
  }

  #prepare(key: string, bytes: Uint8Array, config: Config, pages: number | null): ReadyModule {
    const { stopwatch, onPrepared } = this.#watch;
    const started = stopwatch();
    let ready: ReadyModule;
    try {
      ready = this.#made(key, bytes, config, pages);
    } catch (error) {
      onPrepared(null);
      throw error;
    }
    onPrepared(stopwatch() - started);
    this.#ready.set(key, ready);
    for (const oldest of this.#ready.keys()) {
      if (this.#ready.size <= readyMax) break;
      this.#ready.delete(oldest);
    }
    return ready;
  }

  #made(key: string, bytes: Uint8Array, config: Config, pages: number | null): ReadyModule {
    const prepared = prepare(bytes, {
      limits: profileOf(config),
      linearMemoryPagesMax: this.#pages(config, pages),
      stackDepthMax: config.stackDepthMax,
      imports: abiImports(),
    });
    if (prepared.abiVersion !== null && prepared.abiVersion !== abiVersion) {
      throw new EngramError(
        "abi_unsupported",
        `Cannot load the module: it asks for ABI version ${prepared.abiVersion}, this host speaks ${abiVersion}`,
      );
    }
    const exports = checkExports(prepared);
    if (!WebAssembly.validate(new Uint8Array(bytes))) {
      throw new EngramError("module_invalid", "Cannot load the module: it does not validate");
    }
    return { key, prepared, stackDepthMax: config.stackDepthMax, exports };
  }

  #known(key: string): ReadyModule | undefined {
    const known = this.#ready.get(key);
    if (known === undefined) return undefined;
    this.#ready.delete(key);
    this.#ready.set(key, known);
    return known;
  }
}

/** Runs agents: WebAssembly in workers without permissions, metered, their host calls served on the engine thread. */
export {
  abiModule,
  abiVersion,
  agentExports,
  type HostAnswer,
  type HostCall,
  type HostFunction,
  type HostFunctionName,
  hostFunctions,
  type Status,
  status,
  type StepPermit,
} from "./abi.ts";
export { abiImports, checkExports, type ExportChoice } from "./exports.ts";
export { isImage, overwriteMemory } from "./image.ts";
export type { Entry } from "./messages.ts";
export {
  imagesPerFrameMax,
  openSandbox,
  Sandbox,
  type SandboxFault,
  type SandboxModule,
  type SandboxOptions,
  type SandboxStep,
  type Serve,
  type StepResult,
} from "./sandbox.ts";
export { type AgentThread, startHere, startThreadsBy, type ThreadStart } from "./threads.ts";

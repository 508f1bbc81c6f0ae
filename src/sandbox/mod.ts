/** Runs agents: WebAssembly in workers without permissions, metered, their host calls served on the engine thread. */
export {
  abiVersion,
  type HostAnswer,
  type HostCall,
  type HostFunctionName,
  status,
  type StepPermit,
} from "./abi.ts";
export { abiImports, checkExports, type ExportChoice } from "./exports.ts";
export { isImage, overwriteMemory } from "./image.ts";
export {
  imagesPerFrameMax,
  openSandbox,
  Sandbox,
  type SandboxOptions,
  type SandboxStep,
  type Serve,
  type StepResult,
} from "./sandbox.ts";
export { type AgentThread, startHere, startThreadsBy, type ThreadStart } from "./threads.ts";

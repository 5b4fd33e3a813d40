/**
 * What a Container takes from other objects, resolved for one host. Secret values are in it: it goes to a driver beside
 * a step, and into nothing that is printed, logged or stored.
 */
export interface Inputs {
  readonly main: ProcessInputs;
  /** By the name of the initContainer. */
  readonly initContainers: ReadonlyMap<string, ProcessInputs>;
  /** By the name of the volume: each that is made of files and that something mounts. */
  readonly volumes: ReadonlyMap<string, VolumeContent>;
  /** Digest of what is used of each object, by `Secret NAME` and `ConfigMap NAME`: nothing can be guessed from it. */
  readonly config: Readonly<Record<string, string>>;
}

export interface ProcessInputs {
  readonly env: ReadonlyMap<string, string>;
  /** As the spec's, with $(NAME) expanded. */
  readonly command?: readonly string[];
  readonly args?: readonly string[];
}

export interface VolumeContent {
  /** By relative path. */
  readonly files: ReadonlyMap<string, FileContent>;
  /** Of paths, modes and content: nothing can be guessed from it. */
  readonly digest: string;
  /** Name of the folder that the files go to: another one each time, with the digest at its end. */
  readonly folder: string;
}

export interface FileContent {
  readonly content: Uint8Array;
  /** Permissions, as chmod(2) takes them. */
  readonly mode: number;
}

/** The digest in {@link VolumeContent.folder}. */
export function digestOf(folder: string): string {
  return folder.slice(folder.lastIndexOf("-") + 1);
}

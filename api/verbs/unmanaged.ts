/** Fields of metadata that clients send back and this server keeps nothing of. */
export const unmanaged: readonly string[] = ["managedFields", "selfLink"];

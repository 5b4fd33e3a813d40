/** Where the toolbox is in its image, and in containers that mount {@link Toolbox.volume}. */
export const toolboxFolder = "/.stowage";
export const toolboxPath = `${toolboxFolder}/toolbox`;

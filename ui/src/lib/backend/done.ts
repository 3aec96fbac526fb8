/** A command without a result gives null; the screens expect nothing. */
export const done = async (command: Promise<null>): Promise<void> => {
  await command;
};

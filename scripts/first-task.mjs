// @ts-check
/** The first task of README.md and its rows, as they stand there: for the picture of its run, and for the test that does it. */

/**
 * @param {string} readme
 * @param {string} language of the fence
 */
export function firstBlock(readme, language) {
  const block = new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(readme);
  if (!block?.[1]) throw new Error(`README.md has no block of ${language}`);
  return block[1];
}

/** @param {string} readme */
export function firstTask(readme) {
  return { task: firstBlock(readme, 'yaml'), rows: firstBlock(readme, 'json') };
}

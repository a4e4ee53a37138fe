import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.js';
import { cliReference } from '../../src/cli/reference.js';
import { EXIT } from '../../src/core/errors.js';

describe('cliReference', () => {
  const text = cliReference();

  it('every command: a section with its usage, options and an example', () => {
    for (const { name, examples } of COMMANDS) {
      expect(text).toContain(`\n## swarm ${name}\n`);
      expect(text).toContain(`swarm ${name} `.trimEnd());
      for (const [line] of examples) expect(text).toContain(`\n${line}\n`);
    }
    expect(text).toContain('| `--batch-size <n>` | rows per child workflow |');
    expect(text).toContain('| `--hidden-limits` |');
  });

  it('every exit code: its meaning', () => {
    for (const code of Object.values(EXIT)) expect(text).toMatch(new RegExp(`^\\| \`${code}\` \\| \\w`, 'm'));
  });

  it('made twice: the same text, ending in one newline', () => {
    expect(cliReference()).toBe(text);
    expect(text).toMatch(/[^\n]\n$/);
  });
});

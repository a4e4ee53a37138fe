import { expect, it } from 'vitest';
import { PROVIDERS, whereToGo } from '../../src/schema/providers.js';

it('whereToGo: every provider with a public API -> https pages; local ones and unknown ones -> null', () => {
  for (const [name, { apiBase }] of Object.entries(PROVIDERS)) {
    const isPublic = apiBase?.startsWith('https:') === true;
    for (const refused of ['billing', 'key'] as const) {
      const page = whereToGo(name, refused);
      if (isPublic) expect(page).toMatch(/ at https:\/\/[a-z.]+/);
      else expect(page).toBeNull();
    }
  }
  expect(whereToGo('x.example', 'key')).toBeNull();
});

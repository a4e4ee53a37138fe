/** An amount that a test knows to be known. */
export function known(usd: number | null): number {
  if (usd === null) throw new Error('this amount is not known');
  return usd;
}

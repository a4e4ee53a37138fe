/** Under which name parts of this wire keep what they need back, and the package looks for it. */
export const NAME = 'anthropic';

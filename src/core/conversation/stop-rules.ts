/** When a conversation is complete. Pure predicates over the newest answer. */
import type { StopRule } from '../../schema/task-types.js';

/** True when every given condition of the rule holds; a rule without conditions never holds. */
export function holds(rule: StopRule, answer: string): boolean {
  if (rule.contains === undefined && rule.equals === undefined && rule.matches === undefined) return false;
  if (rule.contains !== undefined && !answer.includes(rule.contains)) return false;
  if (rule.equals !== undefined && answer.trim() !== rule.equals) return false;
  return rule.matches === undefined || new RegExp(rule.matches, 'm').test(answer);
}

/** True when any rule holds. */
export function isComplete(rules: readonly StopRule[], answer: string): boolean {
  return rules.some((rule) => holds(rule, answer));
}

/** The answer without the texts that end the conversation, where it ends with them: they are said to us, and are no part of what it says. */
export function withoutStops(rules: readonly StopRule[], answer: string): string {
  let said = answer.trim();
  for (const { contains = '' } of rules) {
    const before = said.slice(0, -contains.length).trim();
    if (contains !== '' && said.endsWith(contains) && before !== '') said = before;
  }
  return said;
}

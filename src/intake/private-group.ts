/** Groups that hold one user alone: many systems give each user one and let it write the user's files (umask 002). */
import { readFile } from 'node:fs/promises';

interface Tables {
  /** Texts of /etc/passwd and /etc/group. */
  passwd: string;
  group: string;
}

const fieldsOf = (text: string) =>
  text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(':'));

/** True when the tables say that only this user, and perhaps root, is in the group. A group that they do not name may have anyone. */
export function holdsOnly(uid: number, gid: number, { passwd, group }: Tables): boolean {
  const users = fieldsOf(passwd).map(([name = '', , id, primary]) => ({ name, uid: Number(id), gid: Number(primary) }));
  const entry = fieldsOf(group).find(([, , id]) => Number(id) === gid);
  if (!entry) return false;
  const mine = users.filter((user) => user.uid === uid || user.uid === 0).map(({ name }) => name);
  const members = (entry[3] ?? '').split(',').filter((name) => name !== '');
  const primary = users.filter((user) => user.gid === gid).map(({ name }) => name);
  return [...members, ...primary].every((name) => mine.includes(name));
}

/** The same, by the tables of this machine. False when they cannot be read. */
export async function isPrivateGroup(uid: number, gid: number): Promise<boolean> {
  try {
    const [passwd, group] = await Promise.all([readFile('/etc/passwd', 'utf8'), readFile('/etc/group', 'utf8')]);
    return holdsOnly(uid, gid, { passwd, group });
  } catch {
    return false;
  }
}

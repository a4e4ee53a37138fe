/** Certificates for a test: an authority, a server on loopback, clients. Made by openssl into a folder, never kept. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Paths of PEM files. */
export interface Certificate {
  cert: string;
  key: string;
}

/** Elliptic keys: an RSA key would take a second each. */
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
const DAYS = ['-days', '2'];

export class TestAuthority {
  readonly ca: Certificate;
  readonly #folder: string;
  readonly #name: string;

  private constructor(folder: string, name: string) {
    this.#folder = folder;
    this.#name = name;
    this.ca = { cert: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) };
  }

  static async create(folder: string, name: string): Promise<TestAuthority> {
    const authority = new TestAuthority(folder, name);
    const { cert, key } = authority.ca;
    await run('openssl', ['req', '-x509', ...NEW_KEY, ...DAYS, '-subj', `/CN=${name}`, '-keyout', key, '-out', cert]);
    return authority;
  }

  /** Good for a server on loopback and for a client. */
  async issue(name: string): Promise<Certificate> {
    const at = (ending: string) => join(this.#folder, `${this.#name}-${name}.${ending}`);
    const made = { cert: at('pem'), key: at('key') };
    writeFileSync(at('ext'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n');
    await run('openssl', ['req', '-new', ...NEW_KEY, '-subj', `/CN=${name}`, '-keyout', made.key, '-out', at('csr')]);
    const signing = ['-CA', this.ca.cert, '-CAkey', this.ca.key, '-CAcreateserial', '-extfile', at('ext')];
    await run('openssl', ['x509', '-req', '-in', at('csr'), ...signing, ...DAYS, '-out', made.cert]);
    return made;
  }
}

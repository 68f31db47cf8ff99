/**
 * ParticipantDirectory says which remote participants exist and which URLs may be called: those of the configuration, and
 * those of requests when their host is on the list. The API asks it before a transaction begins, the adapter again at each
 * call, since a branch may wait for days and the list may change meanwhile.
 * It resolves no names: whoever puts a host on the list trusts what its DNS name leads to.
 */

export interface ParticipantUrls {
  tryUrl: string;
  confirmUrl: string;
  cancelUrl: string;
}

export interface NamedParticipant extends ParticipantUrls {
  name: string;
}

/** As a request says it: a configured name, or three URLs. Other properties (its body) are not looked at. */
export type WantedParticipant = { name: string } | ParticipantUrls;

export interface WrongPlace {
  /** As in `participants.1.confirmUrl`. */
  path: string;
  /** Completes the path to a sentence. */
  message: string;
}

export type Resolution = { ok: true; participants: NamedParticipant[] } | { ok: false; errors: WrongPlace[] };

/** Where a call goes: what a connection needs, and what is said on it. */
export interface CallTarget {
  /** As in `https://pay.local:8443`. */
  origin: string;
  /** With the query, if the URL has one; never a fragment. */
  path: string;
}

const URL_FIELDS = ["tryUrl", "confirmUrl", "cancelUrl"] as const;
const DEFAULT_PORTS: Record<string, string> = { "http:": "80", "https:": "443" };

export class ParticipantDirectory {
  private readonly configured = new Map<string, NamedParticipant>();
  /** By name: the origins of a configured participant's URLs. */
  private readonly origins = new Map<string, ReadonlySet<string>>();
  /** As in `pay.local` (the scheme's own port) or `pay.local:8443`. */
  private readonly hosts: ReadonlySet<string>;

  /**
   * @param hosts `host` or `host:port`. Without a port it means the port that the URL's scheme has by itself.
   * @throws TypeError when a configured URL cannot be called, or a name stands there twice.
   */
  constructor(configured: readonly NamedParticipant[] = [], hosts: readonly string[] = []) {
    for (const participant of configured) {
      if (this.configured.has(participant.name)) throw new TypeError(`two participants are named ${participant.name}`);
      const urls = URL_FIELDS.map((field) => {
        const url = parsed(participant[field]);
        if (typeof url === "string") throw new TypeError(`${field} of the participant ${participant.name} ${url}`);
        return url;
      });
      this.configured.set(participant.name, participant);
      this.origins.set(participant.name, new Set(urls.map(({ origin }) => origin)));
    }
    this.hosts = new Set(hosts.map(canonicalHost));
  }

  /** Names and URLs for every participant a request wants, or everything that is wrong with them. */
  resolve(wanted: readonly WantedParticipant[], path = "participants"): Resolution {
    const errors: WrongPlace[] = [];
    const participants = wanted.flatMap((one, at) => ("name" in one ? this.byName(one.name, `${path}.${at}`, errors) : this.byUrls(one, `${path}.${at}`, errors)));
    return errors.length > 0 ? { ok: false, errors } : { ok: true, participants };
  }

  /** Where to call, or why that is forbidden, in words that follow the URL's place. */
  target(participant: string, url: string): CallTarget | string {
    const found = parsed(url);
    if (typeof found === "string") return found;
    if (!this.origins.get(participant)?.has(found.origin) && !this.isListed(found)) return this.notListed(found);
    return { origin: found.origin, path: found.pathname + found.search };
  }

  private byName(name: string, path: string, errors: WrongPlace[]): NamedParticipant[] {
    const found = this.configured.get(name);
    if (found) return [found];
    const names = [...this.configured.keys()];
    const expected = names.length === 0 ? "none is configured" : `expected one of ${names.join(", ")}`;
    errors.push({ path: `${path}.name`, message: `must name a configured participant: ${expected}` });
    return [];
  }

  private byUrls(urls: ParticipantUrls, path: string, errors: WrongPlace[]): NamedParticipant[] {
    let name = "";
    let isFine = true;
    for (const field of URL_FIELDS) {
      const url = parsed(urls[field]);
      const message = typeof url === "string" ? url : this.isListed(url) ? null : this.notListed(url);
      if (message !== null) {
        errors.push({ path: `${path}.${field}`, message });
        isFine = false;
      } else if (field === "tryUrl") name = (url as URL).host;
    }
    return isFine ? [{ name, tryUrl: urls.tryUrl, confirmUrl: urls.confirmUrl, cancelUrl: urls.cancelUrl }] : [];
  }

  private isListed(url: URL): boolean {
    const port = url.port || DEFAULT_PORTS[url.protocol];
    return this.hosts.has(url.host) || this.hosts.has(`${url.hostname}:${port}`);
  }

  private notListed(url: URL): string {
    const expected = this.hosts.size === 0 ? "no host is allowed" : `expected one of ${[...this.hosts].join(", ")}`;
    return `must lead to a host in PARTICIPANT_HOSTS, not ${url.host}: ${expected}`;
  }
}

/** @returns the URL, or what it must be. */
function parsed(text: string): URL | string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !(url.protocol in DEFAULT_PORTS) || url.hostname === "") return "must be an http or https URL";
  if (url.username !== "" || url.password !== "") return "must be a URL without a user name or password";
  return url;
}

/** Written as a URL writes it: lower case, an address in its usual form. The port stays, even a scheme's own. */
function canonicalHost(host: string): string {
  const port = /:\d+$/.exec(host)?.[0] ?? "";
  const name = host.slice(0, host.length - port.length);
  return (URL.canParse(`http://${name}`) ? new URL(`http://${name}`).hostname : name) + port;
}

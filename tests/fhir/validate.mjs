// Checks folders that `twinlake generate` wrote: node validate.mjs [--us-core DIR] [--report FILE] FOLDER…
//
// An error is what breaks base R4, a claimed profile of a US Core package, a required binding, or a reference.
// Exit code 0: no errors; 1: errors; 2: wrong usage.

import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';

import { readFolder } from './input.mjs';

const BATCH = 400;

/** Checks folders; gives errors by group, what was set aside, and the must-support score. */
export async function validate(folders, { usCore, threads = availableParallelism() } = {}) {
  const { packages, skipped } = packagesIn(usCore);
  const found = new Findings();
  const counts = {};
  // The same resource of another form is checked once.
  const checked = new Set();
  const pool = new Pool(threads, { packages, skipped }, found);
  for (const folder of folders) {
    const count = (counts[folder] = {});
    let batch = [];
    const report = (kind, where, message, example = where) => found.add(['files', folder, kind, where, message], 1, example);
    readFolder(
      folder,
      (resource) => {
        const text = JSON.stringify(resource);
        if (resource.resourceType !== 'Bundle') count[resource.resourceType] = (count[resource.resourceType] ?? 0) + 1;
        const hash = createHash('sha1').update(text).digest('latin1');
        if (checked.has(hash)) return;
        checked.add(hash);
        batch.push(text);
        if (batch.length === BATCH) {
          pool.send(batch);
          batch = [];
        }
      },
      report,
    );
    if (batch.length > 0) pool.send(batch);
    if (Object.keys(count).length === 0) report('empty', 'folder', 'there is no resource in it', folder);
  }
  const threadsSaid = await pool.end();
  const known = JSON.parse(readFileSync(join(import.meta.dirname, 'known-false-positives.json'), 'utf8'));
  return { ...found.split(known), counts, nChecked: checked.size, skipped, ...scores(threadsSaid) };
}

/** The US Core packages of a folder, and the names of those that it does not have. */
export function packagesIn(folder) {
  const wanted = ['7.0.0', '6.1.0'].map((version) => {
    const path = folder && join(folder, `us_core_${version.replaceAll('.', '')}.tgz`);
    return { name: `US Core ${version}`, path: path && existsSync(path) ? path : undefined };
  });
  return { packages: wanted.filter(({ path }) => path), skipped: wanted.filter(({ path }) => !path).map(({ name }) => name) };
}

/** What is wrong, by release, profile, kind, path and message. */
class Findings {
  #groups = new Map();

  add(key, count, example) {
    const name = typeof key === 'string' ? key : JSON.stringify(key);
    const group = this.#groups.get(name);
    if (group) group.count += count;
    else this.#groups.set(name, { count, example });
  }

  /** Errors, and what a listed false positive explains. */
  split(known) {
    const errors = [];
    const setAside = [];
    const met = new Set();
    for (const [key, { count, example }] of [...this.#groups].sort(([one], [other]) => (one < other ? -1 : 1))) {
      const [release, profile, kind, path, message] = JSON.parse(key);
      const error = { release, profile, kind, path, message, count, example };
      const reason = known.find((one) => one.release === release && profile.endsWith(`/${one.profile}`) && one.kind === kind && one.path === path && message.includes(one.message));
      if (reason) {
        met.add(reason);
        setAside.push({ ...error, name: reason.name });
      } else errors.push(error);
    }
    return { errors, setAside, unmet: known.filter((one) => !met.has(one)).map(({ name }) => name) };
  }
}

/** Threads, each busy with a batch and given the next when it is done. */
class Pool {
  #queue = [];
  #idle = [];
  #workers;
  #said = [];
  #ended = false;

  constructor(threads, workerData, found) {
    this.#workers = Array.from({ length: threads }, () => new Worker(new URL('worker.mjs', import.meta.url), { workerData }));
    this.done = Promise.all(
      this.#workers.map(
        (worker) =>
          new Promise((resolve, reject) => {
            worker.on('error', reject);
            worker.on('message', (message) => {
              for (const [key, { count, example }] of message.findings ?? []) found.add(key, count, example);
              if (message.done) {
                this.#said.push(message);
                resolve();
              } else {
                this.#idle.push(worker);
                this.#feed();
              }
            });
          }),
      ),
    );
    this.done.catch(() => {});
  }

  send(batch) {
    this.#queue.push(batch);
    this.#feed();
  }

  #feed() {
    while (this.#idle.length > 0 && (this.#queue.length > 0 || this.#ended)) {
      this.#idle.pop().postMessage(this.#queue.shift() ?? null);
    }
  }

  async end() {
    this.#ended = true;
    this.#feed();
    await this.done;
    return this.#said;
  }
}

/** Adds up what the threads counted. */
function scores(threads) {
  const open = {};
  const profiles = {};
  const claimable = {};
  for (const { score, open: ofThread } of threads) {
    Object.assign(open, Object.fromEntries(ofThread));
    for (const { name, profiles: all, score: each } of score) {
      claimable[name] = all;
      const sums = (profiles[name] ??= {});
      for (const [url, { seen }] of Object.entries(each)) {
        const sum = (sums[url] ??= {});
        for (const [id, count] of Object.entries(seen)) sum[id] = (sum[id] ?? 0) + count;
      }
    }
  }
  return { open, mustSupport: profiles, claimable };
}

function print(result) {
  const say = (text) => process.stdout.write(`${text}\n`);
  for (const [folder, count] of Object.entries(result.counts)) {
    const total = Object.values(count).reduce((sum, each) => sum + each, 0);
    say(`${folder}: ${total} resources of ${Object.keys(count).length} types`);
  }
  say(`${result.nChecked} different resources and Bundles checked`);
  for (const name of result.skipped) say(`SKIPPED: ${name}, whose package is not here`);
  for (const [release, profiles] of Object.entries(result.mustSupport)) {
    say(`must-support elements that occur, ${release}:`);
    for (const [url, seen] of Object.entries(profiles).sort()) {
      const never = Object.keys(seen).filter((id) => seen[id] === 0);
      const all = Object.keys(seen).length;
      say(`  ${url.split('/').pop()} ${all - never.length}/${all}${never.length > 0 ? `; never: ${never.map((id) => id.slice(id.indexOf('.') + 1)).join(', ')}` : ''}`);
    }
    const isClaimed = (url) => profiles[url] || !url.includes('/us/core/');
    say(`  claimed by no resource: ${result.claimable[release].filter((url) => !isClaimed(url)).map((url) => url.split('/').pop()).sort().join(', ')}`);
  }
  for (const [url, reason] of Object.entries(result.open).sort()) say(`not expandable: ${url}: ${reason}`);
  for (const { name, count, example } of result.setAside) say(`known false positive: ${name} (${count}, as in ${example})`);
  for (const name of result.unmet) say(`listed, but did not occur: ${name}`);
  for (const { release, profile, kind, path, message, count, example } of result.errors) {
    say(`ERROR ${release} ${profile.split('/').pop()} ${kind} ${path}: ${message} (${count}, as in ${example})`);
  }
  say(`${result.errors.reduce((sum, error) => sum + error.count, 0)} errors in ${result.errors.length} groups`);
}

if (process.argv[1] === import.meta.filename) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { 'us-core': { type: 'string' }, report: { type: 'string' } },
  });
  if (positionals.length === 0) {
    process.stderr.write('usage: node validate.mjs [--us-core DIR] [--report FILE] FOLDER…\n');
    process.exit(2);
  }
  const result = await validate(positionals, { usCore: values['us-core'] });
  if (values.report) writeFileSync(values.report, `${JSON.stringify(result, undefined, 1)}\n`);
  print(result);
  process.exit(result.errors.length > 0 ? 1 : 0);
}

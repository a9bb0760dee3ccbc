// What was written: resources from NDJSON, Bundles and a Bulk Data manifest, with what is wrong with the files.

import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** Reads a folder; `resource(resource, text)` is told each resource, `report(kind, where, message)` what is wrong. */
export function readFolder(folder, resource, report) {
  const names = readdirSync(folder).sort();
  const read = (name) => {
    const bytes = readFileSync(join(folder, name));
    return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  };
  const lines = names.filter((name) => /\.ndjson(\.gz)?$/.test(name));
  const bundles = names.filter((name) => /\.json(\.gz)?$/.test(name) && !name.startsWith('manifest.'));
  const known = [...lines, ...bundles, ...names.filter((name) => name.startsWith('manifest.'))];
  for (const name of names) if (!known.includes(name)) report('file', name, 'neither NDJSON nor a Bundle nor a manifest');
  const counts = new Map();
  const ndjson = { references: new References(report), url: (one) => `${one.resourceType}/${one.id}` };
  for (const name of lines) {
    const type = name.split('.')[0];
    const texts = read(name).split('\n');
    if (texts.pop() !== '') report('file', name, 'the last line does not end');
    counts.set(name, texts.length);
    for (const text of texts) {
      const one = JSON.parse(text);
      if (one.resourceType !== type) report('file', name, `holds ${one.resourceType}`);
      ndjson.references.add(one, ndjson.url(one));
      resource(one);
    }
  }
  ndjson.references.check();
  if (lines.length > 0) manifests(names, read, counts, report);
  if (bundles.length > 0) readBundles(bundles, read, resource, report);
}

/** Bulk Data 2.0: every file is listed once, with its type and count. */
function manifests(names, read, counts, report) {
  const listed = new Map();
  const found = names.filter((name) => /^manifest\..*json$/.test(name));
  if (found.length === 0) report('manifest', 'manifest.json', 'not there');
  for (const name of found) {
    const manifest = JSON.parse(read(name));
    for (const key of ['transactionTime', 'request', 'requiresAccessToken', 'output', 'error']) {
      if (manifest[key] === undefined) report('manifest', name, `no ${key}`);
    }
    if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(manifest.transactionTime)) report('manifest', name, 'transactionTime is no instant');
    for (const { type, url, count } of manifest.output) {
      const file = basename(url);
      if (listed.has(file)) report('manifest', name, `lists ${file} twice`);
      listed.set(file, count);
      if (file.split('.')[0] !== type) report('manifest', name, `${file} is not of ${type}`);
      if (counts.get(file) !== count) report('manifest', name, `${file} has ${counts.get(file)} lines, not ${count}`);
    }
  }
  for (const file of counts.keys()) if (!listed.has(file)) report('manifest', file, 'in no manifest');
}

/** Bundles, a patient each, and what they share in `reference.json`, which is loaded before them. */
function readBundles(names, read, resource, report) {
  const isShared = (name) => name.startsWith('reference.');
  const shared = new Set();
  const types = new Set();
  for (const name of [...names.filter(isShared), ...names.filter((name) => !isShared(name))]) {
    const bundle = JSON.parse(read(name));
    const isTransaction = bundle.type === 'transaction';
    types.add(bundle.type);
    const references = new References(report, shared);
    const literals = new Map();
    for (const entry of bundle.entry) {
      const one = entry.resource;
      const literal = `${one.resourceType}/${one.id}`;
      literals.set(entry.fullUrl, literal);
      if (isTransaction) {
        if (entry.fullUrl !== `urn:uuid:${one.id}`) report('bundle', literal, 'fullUrl is not urn:uuid: with the id');
        if (entry.request?.method !== 'PUT' || entry.request.url !== literal) report('bundle', literal, 'request is not PUT of the id');
        references.add(one, entry.fullUrl);
      } else {
        if (!entry.fullUrl?.endsWith(`/${literal}`)) report('bundle', literal, 'fullUrl does not end with type and id');
        references.add(one, literal);
      }
      if (isShared(name)) shared.add(literal);
    }
    // The envelope: each resource is checked by itself.
    resource({ ...bundle, entry: bundle.entry.map((entry) => ({ ...entry, resource: { resourceType: 'Parameters', id: entry.resource.id } })) });
    references.check();
    for (const { resource: one } of bundle.entry) {
      each(one, (reference) => {
        const literal = literals.get(reference.reference);
        if (literal) reference.reference = literal;
      });
      resource(one);
    }
  }
  if (types.size > 1) report('bundle', '', `types ${[...types].join(', ')} in one folder`);
}

/** References that must be found among the resources beside them. */
class References {
  #urls = new Set();
  #ids = new Set();
  #wanted = new Map();

  constructor(report, shared = new Set()) {
    this.report = report;
    this.shared = shared;
  }

  add(resource, url) {
    const literal = `${resource.resourceType}/${resource.id}`;
    if (!resource.id) this.report('id', resource.resourceType, 'no id');
    if (this.#urls.has(url)) this.report('id', literal, 'there twice');
    if (this.#ids.has(resource.id)) this.report('id', literal, 'another resource has this id');
    this.#urls.add(url);
    this.#ids.add(resource.id);
    const contained = new Set(resource.contained?.map((one) => `#${one.id}`));
    each(resource, ({ reference }) => {
      if (!contained.has(reference)) this.#wanted.set(reference, literal);
    });
  }

  check() {
    for (const [reference, from] of this.#wanted) {
      if (this.#urls.has(reference) || this.shared.has(reference)) continue;
      this.report('dangling', from.split('/')[0], `${reference.replace(/[0-9a-f-]{36}/, '…')} is not there`, `${from} -> ${reference}`);
    }
  }
}

/** Visits every Reference with a `reference`. */
function each(value, visit) {
  if (Array.isArray(value)) value.forEach((one) => each(one, visit));
  else if (typeof value === 'object' && value !== null) {
    if (typeof value.reference === 'string') visit(value);
    for (const key in value) each(value[key], visit);
  }
}

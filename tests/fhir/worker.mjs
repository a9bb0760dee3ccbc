// Checks batches of resources on a thread: medplum against base R4 and claimed profiles, and our own look.

import { parentPort, workerData } from 'node:worker_threads';

import { baseDefinitions, baseTerminology, indexable, medplum, packageResources } from './definitions.mjs';
import { Terminology } from './terminology.mjs';
import { Walker } from './walk.mjs';

const US_CORE = 'http://hl7.org/fhir/us/core/';

const core = await medplum();
const { definitions, others, added } = baseDefinitions();
core.indexStructureDefinitionBundle(definitions);
const terminology = baseTerminology();
const parsed = new Map();
const variables = { '%ucum': { type: 'string', value: 'http://unitsofmeasure.org' } };

/** Whether a constraint of a data type holds. */
function evaluate(expression, type, value) {
  if (!parsed.has(expression)) parsed.set(expression, core.parseFhirPath(expression));
  const input = { type, value };
  const [found] = core.evalFhirPathTyped(parsed.get(expression), [input], { ...variables, '%context': input });
  return found?.value === true;
}

/** Base R4 with the profiles of one package, or of none. */
function release(name, path) {
  const resources = path ? packageResources(path) : [];
  const profiles = [...others, ...resources].filter((one) => one.resourceType === 'StructureDefinition' && one.derivation === 'constraint' && one.snapshot);
  const types = core.getAllDataTypes();
  const own = profiles.filter(({ kind, url }) => kind === 'resource' && (!path || url.startsWith(US_CORE)));
  const known = new Map(own.map((profile) => [profile.url, profile]));
  /** The type that medplum checks a profile as; made when the profile is first met with. */
  const typeOf = (url) => {
    const profile = known.get(url);
    if (!profile) return undefined;
    // Under a name of our own: given with a resource, a profile would be parsed anew for each.
    const type = `${url}|${name}`;
    types[type] ??= core.parseStructureDefinition(indexable(profile));
    return type;
  };
  return { name, known, types, typeOf, walker: new Walker(definitions, profiles, new Terminology([...terminology, ...resources]), evaluate) };
}

const base = release('base');
const packages = workerData.packages.map(({ name, path }) => release(name, path));

function issues(check) {
  try {
    return check();
  } catch (error) {
    if (!error.outcome) throw error;
    return error.outcome.issue;
  }
}

/** Everything wrong with one resource, told as `report(release, profile, kind, path, message)`. */
function check(resource, report) {
  const id = `${resource.resourceType}/${resource.id}`;
  const told = (name, profile) => (kind, path, message) => report(name, profile, kind, path.replace(/\[\d+\]/g, ''), message, id);
  const structure = (type, tell) => {
    for (const { severity, details, expression, diagnostics } of issues(() => core.validateTypedValue({ type, value: resource }))) {
      tell('structure', expression?.[0] ?? '', `${severity === 'error' ? '' : `${severity}: `}${details?.text ?? diagnostics}`);
    }
  };
  if (!(base.types[resource.resourceType]?.kind === 'resource')) return told('R4', '')('structure', '', 'no such resource type');
  structure(resource.resourceType, told('R4', ''));
  base.walker.base(resource, told('R4', ''));
  for (const profile of resource.meta?.profile ?? []) {
    let isKnown = false;
    for (const { name, typeOf, walker } of [base, ...packages]) {
      const type = typeOf(profile);
      if (!type) continue;
      isKnown = true;
      structure(type, told(name, profile));
      walker.profile(profile, resource, told(name, profile));
    }
    if (!isKnown) told('R4', profile)('profile', 'meta.profile', 'no package here has this profile');
  }
}

parentPort.on('message', (batch) => {
  if (batch === null) {
    const score = packages.map(({ name, known, walker }) => ({ name, profiles: [...known.keys()], score: walker.mustSupport(), open: [...walker.open] }));
    parentPort.postMessage({ done: true, score, open: [...base.walker.open], added });
    parentPort.close();
    return;
  }
  const findings = new Map();
  for (const text of batch) {
    check(JSON.parse(text), (release, profile, kind, path, message, id) => {
      const key = JSON.stringify([release, profile, kind, path, message]);
      const found = findings.get(key);
      if (found) found.count += 1;
      else findings.set(key, { count: 1, example: id });
    });
  }
  parentPort.postMessage({ findings: [...findings] });
});
parentPort.postMessage({ ready: true });

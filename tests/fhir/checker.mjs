// Checks a resource: medplum against base R4 and claimed profiles, and our own look.

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

/** A checker with base R4 and the profiles of packages (`{ name, path }`); when some are `skipped`, US Core's may be unknown. */
export class Checker {
  #base = release('R4');
  #packages;
  #skipped;

  constructor({ packages, skipped }) {
    this.#skipped = skipped;
    this.#packages = packages.map(({ name, path }) => release(name, path));
  }

  /** Everything wrong with one resource, told as `report([release, profile, kind, path, message], example)`. */
  check(resource, report) {
    const id = `${resource.resourceType}/${resource.id}`;
    const told = (name, profile) => (kind, path, message) => report([name, profile, kind, path.replace(/\[\d+\]/g, ''), message], id);
    const structure = (type, tell) => {
      for (const { severity, details, expression, diagnostics } of issues(() => core.validateTypedValue({ type, value: resource }))) {
        tell('structure', expression?.[0] ?? '', `${severity === 'error' ? '' : `${severity}: `}${details?.text ?? diagnostics}`);
      }
    };
    if (!(this.#base.types[resource.resourceType]?.kind === 'resource')) return told('R4', '')('structure', '', 'no such resource type');
    this.#base.walker.base(resource, told('R4', ''));
    let isStructured = false;
    for (const profile of resource.meta?.profile ?? []) {
      let isKnown = false;
      for (const { name, typeOf, walker } of [this.#base, ...this.#packages]) {
        const type = typeOf(profile);
        if (!type) continue;
        isKnown = true;
        structure(type, told(name, profile));
        walker.profile(profile, resource, told(name, profile));
      }
      const mayBeSkipped = this.#skipped.length > 0 && profile.startsWith(US_CORE);
      if (!isKnown && !mayBeSkipped) told('R4', profile)('profile', 'meta.profile', 'no package here has this profile');
      isStructured ||= isKnown;
    }
    // A profile's snapshot holds all of its base: elements, cardinalities and constraints.
    if (!isStructured) structure(resource.resourceType, told('R4', ''));
  }

  /** The must-support score of each package, value sets that could not be expanded, and what medplum adds to R4. */
  said() {
    const score = this.#packages.map(({ name, known, walker }) => ({ name, profiles: [...known.keys()], score: walker.mustSupport() }));
    const open = [this.#base, ...this.#packages].flatMap(({ walker }) => [...walker.open]);
    return { score, open, added };
  }
}

function issues(check) {
  try {
    return check();
  } catch (error) {
    if (!error.outcome) throw error;
    return error.outcome.issue;
  }
}

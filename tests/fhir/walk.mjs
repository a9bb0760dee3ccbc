// Our own look at resources beside definitions: required bindings, reference targets, constraints of data types
// (none of which medplum checks), and which must-support elements occur.

const HL7 = 'http://hl7.org/fhir/StructureDefinition/';

/** Elements of a definition as a tree: `children` by name, `slices` of one element, `key`s of a choice. */
function tree(definition) {
  const byId = new Map();
  for (const element of definition.snapshot.element) {
    const node = { element, id: element.id, children: [], slices: [], name: element.path.split('.').pop() };
    byId.set(element.id, node);
    const slice = element.id.lastIndexOf(':');
    const dot = element.id.lastIndexOf('.');
    if (dot < 0 && slice < 0) continue;
    const isSlice = slice > dot;
    const parent = byId.get(element.id.slice(0, isSlice ? slice : dot));
    if (isSlice) {
      node.parent = parent;
      parent?.slices.push(node);
    } else parent?.children.push(node);
  }
  return { root: byId.get(definition.snapshot.element[0].id), byId };
}

/** Values of an element in its parent, with the type of each: `[value, type]`. */
function valuesOf(parent, node) {
  const types = node.element.type ?? [];
  if (node.name.endsWith('[x]')) {
    const stem = node.name.slice(0, -3);
    for (const { code } of types) {
      const value = parent[stem + code[0].toUpperCase() + code.slice(1)];
      if (value !== undefined) return [[value, code]];
    }
    return [];
  }
  const value = parent[node.name];
  if (value === undefined || value === null) return [];
  return (Array.isArray(value) ? value : [value]).map((one) => [one, types[0]?.code]);
}

/** Codings of a coded value, whatever its type; undefined for a type that has none. */
function codingsOf(value, type) {
  switch (type) {
    case 'code':
    case 'string':
    case 'uri':
      return [{ code: value }];
    case 'Coding':
      return [value];
    case 'CodeableConcept':
      return value.coding ?? [];
    case 'Quantity':
      return [{ system: value.system, code: value.code }];
    default:
      return undefined;
  }
}

/** Whether a value holds all of a pattern. */
function includes(value, pattern) {
  if (Array.isArray(pattern)) {
    return Array.isArray(value) && pattern.every((part) => value.some((one) => includes(one, part)));
  }
  if (typeof pattern === 'object') {
    return typeof value === 'object' && value !== null && Object.keys(pattern).every((key) => includes(value[key], pattern[key]));
  }
  return value === pattern;
}

function specified(element) {
  const key = Object.keys(element).find((name) => /^(pattern|fixed)[A-Z]/.test(name));
  return key && element[key];
}

/** Checks resources against base R4 and profiles; `report(kind, path, message)` is told what is wrong. */
export class Walker {
  #types = new Map();
  #profiles = new Map();
  #terminology;
  #evaluate;
  /** Profile url -> element id -> how often it was seen. */
  seen = new Map();
  /** Value sets that could not be expanded, with the reason. */
  open = new Map();

  constructor(types, profiles, terminology, evaluate) {
    for (const definition of types) if (definition.snapshot) this.#types.set(definition.type === definition.id ? definition.type : definition.id, tree(definition));
    for (const definition of profiles) this.#profiles.set(definition.url, { ...tree(definition), definition });
    this.#terminology = terminology;
    this.#evaluate = evaluate;
  }

  /** Required bindings, references and data types of base R4. */
  base(resource, report) {
    const type = this.#types.get(resource.resourceType);
    if (!type) return report('type', resource.resourceType, 'no such resource type');
    this.#type(type, type.root, resource, resource.resourceType, report);
  }

  #type(type, node, value, path, report) {
    for (const child of node.children) {
      for (const [one, code] of valuesOf(value, child)) {
        const at = `${path}.${child.name}`;
        this.#binding(child.element, one, code, at, report);
        if (code === 'Reference') this.#reference(child.element, one, at, report);
        if (child.element.contentReference) {
          const target = type.byId.get(child.element.contentReference.split('#')[1]);
          this.#type(type, target, one, at, report);
        } else if (child.children.length > 0) {
          this.#type(type, child, one, at, report);
        } else if (code === 'Resource') {
          this.base(one, report);
        } else if (typeof one === 'object') {
          this.#dataType(code, one, at, report);
        }
      }
    }
  }

  #dataType(code, value, path, report) {
    const type = this.#types.get(code);
    if (!type) return;
    for (const { key, severity, expression } of type.root.element.constraint ?? []) {
      // `ele-1` is medplum's, `txt-*` asks for a reader of HTML, `ref-1` is about contained resources.
      if (severity !== 'error' || !expression || ['ele-1', 'ref-1'].includes(key) || key.startsWith('txt')) continue;
      if (!this.#evaluate(expression, code, value)) report('constraint', path, `${key}: ${expression}`);
    }
    this.#type(type, type.root, value, path, report);
    if (code === 'Coding') {
      const fault = this.#terminology.fault(value);
      if (fault) report('code', path, fault);
    }
    if (code === 'Extension') {
      const known = this.#profiles.get(value.url);
      if (known) this.#node(known.root, value, known, path, report, undefined);
    }
  }

  /** A profile's required bindings and reference targets; counts the elements that occur. */
  profile(url, resource, report) {
    const profile = this.#profiles.get(url);
    if (!profile) return false;
    let seen = this.seen.get(url);
    if (!seen) this.seen.set(url, (seen = new Map()));
    this.#node(profile.root, resource, profile, resource.resourceType, report, seen);
    return true;
  }

  #node(node, value, profile, path, report, seen) {
    if (seen) seen.set(node.id, (seen.get(node.id) ?? 0) + 1);
    for (const child of node.children) {
      const values = valuesOf(value, child);
      const at = `${path}.${child.name}`;
      for (const [one, code] of values) {
        this.#binding(child.element, one, code, at, report);
        if (code === 'Reference') this.#reference(child.element, one, at, report);
        const extension = code === 'Extension' && this.#profiles.get(one.url);
        if (extension) this.#node(extension.root, one, extension, `${at}(${one.url.split('/').pop()})`, report, undefined);
        if (typeof one === 'object') this.#node(child, one, profile, at, report, seen);
        else if (seen) seen.set(child.id, (seen.get(child.id) ?? 0) + 1);
      }
      for (const slice of child.slices) {
        const own = values.filter(([one, code]) => this.#isOf(slice, child, one, code));
        const { min, max } = slice.element;
        if (own.length < min || (max !== '*' && own.length > Number(max))) {
          report('slice', at, `slice ${slice.element.sliceName}: ${min}..${max} wanted, ${own.length} found`);
        }
        for (const [one, code] of own) {
          this.#binding(slice.element, one, code, at, report);
          if (typeof one === 'object') this.#node(slice, one, profile, at, report, seen);
          else if (seen) seen.set(slice.id, (seen.get(slice.id) ?? 0) + 1);
        }
      }
    }
  }

  /** Whether a value is of a slice, by the discriminators of the sliced element. */
  #isOf(slice, sliced, value, code) {
    const { type = [] } = slice.element;
    if (code === 'Extension' && type[0]?.profile) return value.url === type[0].profile[0];
    const discriminators = sliced.element.slicing?.discriminator ?? [{ type: 'type', path: '$this' }];
    return discriminators.every(({ type: kind, path }) => {
      if (kind === 'type') return type.some((one) => one.code === code);
      let nodes = [slice];
      let values = [[value, code]];
      if (path !== '$this') {
        for (const name of path.split('.')) {
          values = values.flatMap(([one]) => nodes.flatMap((node) => {
            const child = node.children.find((each) => each.name === name);
            if (child) return valuesOf(one, child);
            return one[name] === undefined ? [] : [one[name]].flat().map((each) => [each, undefined]);
          }));
          nodes = nodes.flatMap((node) => node.children.filter((each) => each.name === name));
        }
      }
      return nodes.some((node) => {
        const pattern = specified(node.element);
        if (pattern !== undefined) return values.some(([one]) => includes(one, pattern));
        const below = node.children.filter((child) => specified(child.element) !== undefined);
        if (below.length > 0) {
          return values.some(([one]) => below.every((child) => valuesOf(one, child).some(([part]) => includes(part, specified(child.element)))));
        }
        const { binding } = node.element;
        if (binding?.strength !== 'required') return false;
        return values.some(([one, each]) => codingsOf(one, each)?.some((coding) => this.#terminology.holds(binding.valueSet, coding)));
      });
    });
  }

  #binding({ binding }, value, code, path, report) {
    if (binding?.strength !== 'required' || !binding.valueSet) return;
    const codings = codingsOf(value, code);
    if (codings === undefined) return;
    const held = codings.map((coding) => this.#terminology.holds(binding.valueSet, coding));
    if (held.includes(true)) return;
    if (held.includes(undefined)) {
      this.open.set(binding.valueSet.split('|')[0], this.#terminology.expand(binding.valueSet).open);
      return;
    }
    const found = codings.map(({ system, code: one }) => `${system ?? ''}|${one}`).join(', ') || 'no code';
    report('binding', path, `${found} is not of the required ${binding.valueSet}`);
  }

  #reference({ type }, { reference }, path, report) {
    const allowed = type.find((one) => one.code === 'Reference')?.targetProfile;
    if (!allowed || typeof reference !== 'string' || reference.startsWith('#')) return;
    const target = reference.split('/').at(-2);
    const types = allowed.map((url) => this.#profiles.get(url)?.definition.type ?? (url.startsWith(HL7) ? url.slice(HL7.length) : 'Resource'));
    if (!types.includes('Resource') && !types.includes(target)) report('reference', path, `to ${target ?? reference}, not to ${[...new Set(types)].join(' or ')}`);
  }

  /** For each profile met with: its must-support elements, and those that never occurred. */
  mustSupport() {
    const score = {};
    for (const [url, seen] of this.seen) {
      const { byId } = this.#profiles.get(url);
      const wanted = [...byId.values()].filter((node) => node.element.mustSupport).map((node) => node.id);
      score[url] = { wanted, seen: Object.fromEntries(wanted.map((id) => [id, seen.get(id) ?? 0])) };
    }
    return score;
  }
}

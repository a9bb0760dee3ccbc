// Value sets, as far as what is published with the definitions lets them be expanded.

/** What a value set holds: codes by system, whole systems, or nothing that can be said, with the reason. */
export class Terminology {
  #valueSets = new Map();
  #codeSystems = new Map();
  #expansions = new Map();

  /** Later resources take precedence over earlier ones of the same url. */
  constructor(resources) {
    for (const resource of resources) {
      if (resource.resourceType === 'ValueSet') this.#valueSets.set(resource.url, resource);
      if (resource.resourceType === 'CodeSystem') this.#codeSystems.set(resource.url, codesOf(resource));
    }
  }

  /** Whether a coding is of a value set: true, false, or undefined when that cannot be known. */
  holds(url, coding) {
    const { codes, systems, open } = this.expand(url);
    if (coding.system === undefined) {
      for (const known of codes.values()) if (known.has(coding.code)) return true;
    } else if (systems.has(coding.system) || codes.get(coding.system)?.has(coding.code)) {
      return true;
    }
    return open ? undefined : false;
  }

  /** What is wrong with a coding of a code system that is known in full, if anything. */
  fault({ system, code, display }) {
    const known = this.#codeSystems.get(system);
    if (!known?.complete || code === undefined) return undefined;
    const concept = known.concepts.get(code);
    if (!concept) return `no such code: ${system}|${code}`;
    const same = (one) => one?.toLowerCase() === display?.toLowerCase();
    if (display !== undefined && concept.display !== undefined && !concept.displays.some(same)) {
      return `${system}|${code} is displayed \`${concept.display}\`, not \`${display}\``;
    }
    return undefined;
  }

  /** `codes` by system; `systems` that belong to it whole; `open`, why more may belong to it. */
  expand(url) {
    const name = url.split('|')[0];
    let found = this.#expansions.get(name);
    if (!found) {
      // A value set that includes itself ends here.
      this.#expansions.set(name, { codes: new Map(), systems: new Set(), open: 'it includes itself' });
      found = this.#expand(this.#valueSets.get(name));
      this.#expansions.set(name, found);
    }
    return found;
  }

  #expand(valueSet) {
    const result = { codes: new Map(), systems: new Set(), open: undefined };
    if (!valueSet) return { ...result, open: 'no definition' };
    if (valueSet.expansion?.contains && !valueSet.compose) {
      const add = (concept) => {
        if (concept.code && !concept.abstract) addCode(result.codes, concept.system, concept.code);
        concept.contains?.forEach(add);
      };
      valueSet.expansion.contains.forEach(add);
      return result;
    }
    for (const include of valueSet.compose?.include ?? []) {
      const part = this.#include(include);
      for (const [system, codes] of part.codes) for (const code of codes) addCode(result.codes, system, code);
      for (const system of part.systems) result.systems.add(system);
      result.open ??= part.open;
    }
    for (const exclude of valueSet.compose?.exclude ?? []) {
      const part = this.#include(exclude);
      if (part.open || part.systems.size > 0) result.open ??= 'what it excludes cannot be listed';
      for (const [system, codes] of part.codes) for (const code of codes) result.codes.get(system)?.delete(code);
    }
    return result;
  }

  #include({ system, concept, filter, valueSet }) {
    const result = { codes: new Map(), systems: new Set(), open: undefined };
    const known = this.#codeSystems.get(system);
    if (concept) {
      for (const { code } of concept) addCode(result.codes, system, code);
    } else if (system && !filter) {
      if (known?.complete) for (const code of known.concepts.keys()) addCode(result.codes, system, code);
      else {
        // Any code of the system will do; codes without a system cannot be told.
        result.systems.add(system);
        result.open = `${system} is not published with it`;
      }
    } else if (system) {
      if (!known?.complete) result.open = `${system} is not published with it`;
      else {
        const passes = filter.map((one) => known.filter(one));
        if (passes.includes(undefined)) result.open = `filter ${filter.map((one) => `${one.property} ${one.op}`).join(', ')}`;
        else
          for (const code of known.concepts.keys())
            if (passes.every((pass) => pass.has(code))) addCode(result.codes, system, code);
      }
    }
    if (!valueSet) return result;
    if (!system && valueSet.length === 1) {
      const other = this.expand(valueSet[0]);
      return { ...other, open: other.open && `${valueSet[0]}: ${other.open}` };
    }
    return { ...result, open: 'value sets of value sets' };
  }
}

function addCode(codes, system, code) {
  if (!codes.has(system)) codes.set(system, new Set());
  codes.get(system).add(code);
}

/** A code system's concepts with their parents. */
function codesOf({ concept = [], content, property = [] }) {
  const concepts = new Map();
  const notSelectable = new Set(['notSelectable', 'abstract']);
  const add = (one, parents) => {
    const isAbstract = one.property?.some((value) => notSelectable.has(value.code) && value.valueBoolean);
    const more = one.property?.filter((value) => ['subsumedBy', 'parent'].includes(value.code)) ?? [];
    const designations = one.designation?.map((designation) => designation.value) ?? [];
    concepts.set(one.code, {
      display: one.display,
      displays: [one.display, ...designations],
      parents: [...parents, ...more.map((value) => value.valueCode)],
      isAbstract,
    });
    one.concept?.forEach((child) => add(child, [one.code]));
  };
  concept.forEach((one) => add(one, []));
  const below = (code, ancestor, seen = new Set()) => {
    if (seen.has(code)) return false;
    seen.add(code);
    const parents = concepts.get(code)?.parents ?? [];
    return parents.includes(ancestor) || parents.some((parent) => below(parent, ancestor, seen));
  };
  const filter = ({ property: name, op, value }) => {
    if (name !== 'concept' && !(name === 'code' && op !== '=')) return undefined;
    const codes = [...concepts.keys()];
    if (op === 'is-a') return new Set(codes.filter((code) => code === value || below(code, value)));
    if (op === 'descendent-of') return new Set(codes.filter((code) => below(code, value)));
    if (op === 'is-not-a') return new Set(codes.filter((code) => code !== value && !below(code, value)));
    if (op === 'in') return new Set(value.split(','));
    return undefined;
  };
  return { concepts, complete: content === 'complete' && concepts.size > 0, filter, property };
}

// The check has teeth: a fault in one resource is told, as what it is.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { Checker } from './checker.mjs';
import { readFolder } from './input.mjs';
import { packagesIn, validate } from './validate.mjs';

const { packages, skipped } = packagesIn(process.env.TWINLAKE_US_CORE);
const checker = new Checker({ packages, skipped });
const work = mkdtempSync(join(tmpdir(), 'twinlake-fhir-'));
after(() => rmSync(work, { recursive: true }));

const core = 'http://hl7.org/fhir/us/core/StructureDefinition';
const coded = (system, code) => ({ coding: [{ system, code }] });

function patient() {
  return {
    resourceType: 'Patient',
    id: 'p',
    meta: { profile: [`${core}/us-core-patient`] },
    identifier: [{ system: 'https://twinlake.example/mrn', value: '1' }],
    name: [{ family: 'Doe', given: ['Jo'] }],
    gender: 'female',
  };
}

function saturation() {
  const one = coded('http://loinc.org', '59408-5');
  one.coding.push({ system: 'http://loinc.org', code: '2708-6' });
  return {
    resourceType: 'Observation',
    id: 'o',
    meta: { profile: [`${core}/us-core-pulse-oximetry`] },
    status: 'final',
    category: [coded('http://terminology.hl7.org/CodeSystem/observation-category', 'vital-signs')],
    code: one,
    subject: { reference: 'Patient/p' },
    effectiveDateTime: '2020-02-29T10:00:00Z',
    valueQuantity: { value: 97, unit: '%', system: 'http://unitsofmeasure.org', code: '%' },
  };
}

function encounter() {
  return {
    resourceType: 'Encounter',
    id: 'e',
    status: 'finished',
    class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB', display: 'ambulatory' },
    subject: { reference: 'Patient/p' },
    period: { start: '2020-01-01', end: '2020-01-02' },
  };
}

/** Each fault: what is broken, and the errors' kinds and words. */
const faults = {
  'a required element is missing': [({ o }) => delete o.status, 'structure', 'Missing required property'],
  'an element that R4 does not know': [({ p }) => (p.colour = 'red'), 'structure', 'Invalid additional property'],
  'an element that medplum adds to R4': [({ p }) => (p.meta.project = 'x'), 'structure', 'Invalid additional property'],
  'a day that no calendar has': [({ o }) => (o.effectiveDateTime = '2021-02-29'), 'structure', 'Invalid dateTime value'],
  'a code outside a required value set': [({ p }) => (p.gender = 'f'), 'binding', 'administrative-gender'],
  'a code that its system does not have': [({ e }) => (e.class.code = 'WALK'), 'code', 'no such code'],
  'a wrong display': [({ e }) => (e.class.display = 'inpatient'), 'code', 'is displayed `ambulatory`'],
  'a period that ends before it begins': [({ e }) => (e.period.end = '2019-01-01'), 'constraint', 'per-1'],
  'a quantity with a code without a system': [({ o }) => delete o.valueQuantity.system, 'constraint', 'qty-3'],
  'a reference to what is not there': [({ o }) => (o.subject.reference = 'Patient/q'), 'dangling', 'is not there'],
  'a reference to a wrong type': [({ e }) => (e.subject.reference = 'Observation/o'), 'reference', 'to Observation, not to'],
  'an id that is there twice': [({ e }) => (e.id = 'p'), 'id', 'another resource has this id'],
  'a profile that nobody published': [({ e }) => (e.meta = { profile: ['https://twinlake.example/none'] }), 'profile', 'no package here'],
};

/** Faults that only the profile sees. */
const profileFaults = {
  'a name that the profile wants': [({ p }) => delete p.name, 'structure', 'Missing required property'],
  'a slice that is not filled': [({ o }) => o.code.coding.pop(), 'slice', 'O2Sat'],
  'a category of a wrong kind': [({ o }) => (o.category[0].coding[0].code = 'laboratory'), 'structure', "slice 'VSCat'"],
  "a status outside the profile's value set": [
    ({ o }) => Object.assign(o, { meta: { profile: [`${core}/us-core-smokingstatus`] }, status: 'amended' }),
    'binding',
    'us-core-observation-smoking-status-status',
  ],
};

function errorsOf(change) {
  const resources = { p: patient(), o: saturation(), e: encounter() };
  change(resources);
  const folder = mkdtempSync(join(work, 'x'));
  const output = [];
  for (const one of Object.values(resources)) {
    writeFileSync(join(folder, `${one.resourceType}.ndjson`), `${JSON.stringify(one)}\n`);
    output.push({ type: one.resourceType, url: `${one.resourceType}.ndjson`, count: 1 });
  }
  const manifest = { transactionTime: '2021-01-01T00:00:00Z', request: 'x', requiresAccessToken: false, output, error: [] };
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
  const errors = [];
  const check = (resource) => checker.check(resource, ([, , kind, , message]) => errors.push(`${kind}: ${message}`));
  readFolder(folder, check, (kind, where, message) => errors.push(`${kind}: ${message}`));
  return errors;
}

test('what is sound has no error', () => {
  assert.deepEqual(errorsOf(() => {}), []);
});

for (const [name, [change, kind, words]] of Object.entries(faults)) {
  test(`found: ${name}`, () => {
    const errors = errorsOf(change);
    assert.ok(errors.some((error) => error.startsWith(`${kind}: `) && error.includes(words)), errors.join('; '));
  });
}

for (const [name, [change, kind, words]] of Object.entries(profileFaults)) {
  test(`found: ${name}`, { skip: packages.length === 0 && `no ${skipped.join(', no ')}` }, () => {
    const errors = errorsOf(change);
    assert.ok(errors.some((error) => error.startsWith(`${kind}: `) && error.includes(words)), errors.join('; '));
  });
}

test('a folder without resources is an error', async () => {
  const { errors } = await validate([mkdtempSync(join(work, 'x'))], { threads: 1 });
  assert.ok(errors.some(({ message }) => message.includes('no resource')), JSON.stringify(errors));
});

test('what medplum adds to R4 is known', () => {
  const { added } = checker.said();
  assert.ok(added.includes('Meta.project') && added.includes('Binary.url'), added.join(' '));
  assert.ok(added.length < 200, `${added.length} elements left out`);
});

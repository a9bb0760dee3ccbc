// Checks batches of resources on a thread.

import { parentPort, workerData } from 'node:worker_threads';

import { Checker } from './checker.mjs';

const checker = new Checker(workerData);

parentPort.on('message', (batch) => {
  if (batch === null) {
    parentPort.postMessage({ done: true, ...checker.said() });
    parentPort.close();
    return;
  }
  const findings = new Map();
  for (const text of batch) {
    checker.check(JSON.parse(text), (key, example) => {
      const name = JSON.stringify(key);
      const found = findings.get(name);
      if (found) found.count += 1;
      else findings.set(name, { count: 1, example });
    });
  }
  parentPort.postMessage({ findings: [...findings] });
});
parentPort.postMessage({ ready: true });

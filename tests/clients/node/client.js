'use strict';
// What a program does with a node: finds services, stores, logs, calls an application.
const assert = require('assert');
const { Service, Refusal, flags } = require('./wire');

const { where, app } = flags();

async function refused(promise, ...number) {
  const error = await promise.then(() => null, error => error);
  assert(error instanceof Refusal, `not refused: ${error}`);
  if (number.length) assert.deepStrictEqual(error.number, number);
}

async function check_locator() {
  const locator = await Service.find(where, 'locator');
  const [endpoints, version, graph] = await locator.call('resolve', 'storage');
  assert(endpoints.length > 0 && version === 1 && graph[0][0].toString() === 'read');
  await refused(Service.find(where, 'nobody'), 10, 1);
  const [uuid] = await locator.call('uuid');
  assert.strictEqual(uuid.length, 36);
  locator.close();
}

async function check_storage() {
  const storage = await Service.find(where, 'storage');
  const blob = Buffer.from(Array.from({ length: 70000 }, (_, i) => i % 256));
  await storage.call('write', 'old', 'key', blob, ['first', 'second']);
  const [got] = await storage.call('read', 'old', 'key');
  assert(got.equals(blob));
  const [keys] = await storage.call('find', 'old', ['first', 'second']);
  assert.deepStrictEqual(keys.map(String), ['key']);
  // Calls that are answered in any order, and a channel number with gaps.
  storage.session.last += 1000;
  const all = await Promise.all(Array.from({ length: 100 }, () => storage.call('read', 'old', 'key')));
  assert(all.every(([value]) => value.equals(blob)));
  await storage.call('remove', 'old', 'key');
  await refused(storage.call('read', 'old', 'key'), 12, 2);
  storage.close();
}

async function check_logging() {
  const logging = await Service.find(where, 'logging');
  const [verbosity] = await logging.call('verbosity');
  assert.strictEqual(verbosity, 0);
  ['debug', 'info', 'warning', 'error'].forEach((word, level) =>
    logging.tell('emit', level, 'app/test', `from the old client: ${word}`, [['user', 7], ['share', 0.5], ['last', true]]));
  await logging.call('set_verbosity', 0);
  await logging.call('verbosity');
  logging.close();
}

async function check_app() {
  const storage = await Service.find(where, 'storage');
  await storage.call('write', 'collection', 'measured', 'x'.repeat(1234));
  const service = await Service.find(where, app);
  const binary = Buffer.from([0xc3, 0x28, 0, 0xff]);
  const big = Buffer.alloc(100000, 'x');
  const echoed = await service.exchange('enqueue', ['echo'], ['one', binary, big]);
  assert(echoed.length === 3 && echoed[1].equals(binary) && echoed[2].equals(big));
  assert.deepStrictEqual((await service.exchange('enqueue', ['length'], ['measured'])).map(String), ['1234']);
  await refused(service.exchange('enqueue', ['fail'], []));
  await refused(service.exchange('enqueue', ['no such event'], []));
  const words = Array.from({ length: 50 }, (_, i) => String(i));
  const answers = await Promise.all(words.map(word => service.exchange('enqueue', ['echo'], [word])));
  assert.deepStrictEqual(answers.map(chunks => chunks.join('')), words);
  // The answer has ended, the client has not: what it still sends is swallowed, and the session lives on.
  const late = service.session.open(service.method('enqueue').id, ['fail']);
  await late.next();
  for (let i = 0; i < 10; ++i) late.send(0, ['too late']);
  late.send(2, []);
  const [info] = await service.call('info');
  assert.strictEqual(info.state.toString(), 'running');
  // The same through the service `node`.
  const node = await Service.find(where, 'node');
  assert.deepStrictEqual((await node.exchange('enqueue', [app, 'echo'], ['by node'])).map(String), ['by node']);
  for (const one of [storage, service, node]) one.close();
}

(async () => {
  for (const check of [check_locator, check_storage, check_logging, check_app]) {
    await check();
    console.log(`${check.name} ok`);
  }
})().catch(error => {
  console.error(error);
  process.exit(1);
});

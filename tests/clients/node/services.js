'use strict';
// The services that client.js does not touch: calls, streams that are read without credit, dialogs; each checked by what it answers.
const assert = require('assert');
const { Service, Refusal, flags } = require('./wire');

const { where, url, app, jabber } = flags();

async function refused(promise, ...number) {
  const error = await promise.then(() => null, error => error);
  assert(error instanceof Refusal, `not refused: ${error}`);
  assert.deepStrictEqual(error.number, number);
}

async function check_cache(cache) {
  await cache.call('put', 'js', 'value');
  const [found, value] = await cache.call('get', 'js');
  assert(found && value.toString() === 'value');
  const [, , version] = (await cache.call('get_versioned', 'js'))[0];
  assert.deepStrictEqual((await cache.call('compare_and_put', 'js', version + 1, 'x'))[0], false);
  assert.deepStrictEqual(await cache.call('increment', 'js number', -3), [-3]);
  assert.deepStrictEqual(await cache.call('remove', 'js'), [true]);
  await refused(cache.call('put', '', 'no key'), 12, 22);
}

async function check_time(time) {
  const [[now]] = await time.call('now');
  assert(Math.abs(Number(now) / 1e3 - Date.now()) < 5000);
  const [came, went] = await time.call('exchange');
  assert(came <= went);
  const [[, , sources]] = await time.call('status');
  assert.strictEqual(sources[0][0].toString(), 'own');
}

async function check_urlfetch(web) {
  const [good, body, status] = await web.call('get', url);
  assert(good && status === 200 && body.toString() === 'page');
  const [answer] = await web.call('fetch', ['PUT', url, [], 'put']);
  assert.strictEqual(answer[2].toString(), 'got put');
  const parts = await web.stream('download', ['GET', `${url}/long`]).all();
  assert.strictEqual(parts[0][0][0][0], 200);
  assert.strictEqual(parts.slice(1).reduce((sum, [part]) => sum + part[1].length, 0), 5000);
  const upload = web.stream('upload', ['POST', url], 8);
  for (const piece of ['four', 'more']) upload.say('write', piece);
  upload.say('close');
  const [word, [said]] = await upload.hear();
  assert(word === 'value' && said[2].toString() === 'got fourmore');
  await refused(web.call('get', 'http://169.254.169.254/'), 0x5300, 9);
}

async function check_notifications(news) {
  const [first] = await news.call('publish', ['js', 'one']);
  const stream = news.stream('subscribe', 'js', first - 1);
  const [second] = await news.call('publish', ['js', 'two', 'text/plain']);
  for (const [sequence, body] of [[first, 'one'], [second, 'two']]) {
    const [got] = await stream.item();
    assert(got[0] === sequence && got[5].toString() === body);
  }
  stream.say('cancel');
  await refused(news.call('remove_webhook', 12345), 0x5300, 2);
}

async function check_unicorn(tree) {
  await refused(tree.call('get', '/js'), 11, 8);
  const watch = tree.stream('subscribe', '/js');
  assert.deepStrictEqual(await watch.item(), [[null, -1]]);
  assert.deepStrictEqual(await tree.call('create', '/js', [1, 2]), [true]);
  assert.deepStrictEqual(await watch.item(), [[[1, 2], 0]]);
  watch.say('close');
  assert.deepStrictEqual(await tree.call('put', '/js', 5, 0), [true, [5, 1]]);
  assert.deepStrictEqual(await tree.call('increment', '/js', 2), [[7, 2]]);
  assert.deepStrictEqual(await tree.call('del', '/js', 2), [true]);
  const held = tree.stream('lock', '/js-lock');
  assert.deepStrictEqual(await held.item(), [true]);
  const other = await Service.find(where, 'unicorn');
  const waiting = other.stream('lock', '/js-lock');
  tree.close();
  assert.deepStrictEqual(await waiting.item(), [true], 'let go by the end of its connection');
  other.close();
}

async function check_node(node) {
  assert((await node.call('list'))[0].map(String).includes(app));
  const control = node.stream('control', app);
  control.say('write', 1);
  control.say('close');
  assert.deepStrictEqual(await control.hear(), ['value', []]);
  assert((await node.call('output', app))[0].some(line => line[1].toString().startsWith('born')));
}

async function check_jabber(ann) {
  const [[connected, address]] = await ann.call('status');
  assert(connected);
  const inbox = ann.stream('receive');
  const [id] = await ann.call('send', address, 'to myself');
  const [message] = await inbox.item();
  assert(message[2].toString() === 'to myself' && message[4].equals(id));
  inbox.say('cancel');
}

(async () => {
  const checks = jabber ? [[jabber, check_jabber]] : [['cache', check_cache], ['time', check_time], ['urlfetch', check_urlfetch],
    ['notifications', check_notifications], ['unicorn', check_unicorn], ['node', check_node]];
  for (const [name, check] of checks) {
    const service = await Service.find(where, name);
    await check(service);
    service.close();
    console.log(`${check.name} ok`);
  }
})().catch(error => {
  console.error(error);
  process.exit(1);
});

'use strict';
// The wire of the Slave protocol for a client in Node.js, from its description alone: frames [channel, type, arguments] in the
// MessagePack of 2012, which knows no difference between text and bytes.
const net = require('net');
const path = require('path');
const msgpack = require(path.join(__dirname, '../../npm/node_modules/msgpack-lite'));

const codec = msgpack.createCodec({ useraw: true });
const PATIENCE_MS = 20000;

/** One session: frames out, frames in by channel. */
class Session {
  constructor(where) {
    this.socket = net.connect(where);
    this.channels = new Map();
    this.last = 0;
    this.broken = null;
    const decoder = msgpack.createDecodeStream({ codec });
    this.socket.pipe(decoder).on('data', frame => this.take(frame));
    this.socket.on('error', error => this.fail(error)).on('close', () => this.fail(new Error('the node has closed')));
  }

  send(channel, type, args) {
    this.socket.write(msgpack.encode([channel, type, args], { codec }));
  }

  take([channel, type, args]) {
    const found = this.channels.get(channel);
    if (found) found.push([type, args]);
    else if (this.unexpected) this.unexpected(channel, type, args);
  }

  fail(error) {
    this.broken = this.broken || error;
    for (const channel of this.channels.values()) channel.push(error);
    if (this.closed) this.closed();
  }

  /** Opens the next channel with a first frame. */
  open(type, args) {
    const channel = new Channel(this, ++this.last);
    this.send(channel.number, type, args);
    return channel;
  }

  close() {
    this.socket.destroy();
  }
}

/** Frames of one channel, in order. */
class Channel {
  constructor(session, number) {
    this.session = session;
    this.number = number;
    this.frames = [];
    this.waiting = null;
    session.channels.set(number, this);
  }

  push(frame) {
    this.frames.push(frame);
    if (this.waiting) this.waiting();
  }

  async next() {
    if (!this.frames.length) {
      let timer;
      await new Promise((resolve, reject) => {
        this.waiting = resolve;
        timer = setTimeout(() => reject(new Error(`nothing came on channel ${this.number}`)), PATIENCE_MS);
      });
      clearTimeout(timer);
    }
    const frame = this.frames.shift();
    if (frame instanceof Error) throw frame;
    return frame;
  }

  send(type, args) {
    this.session.send(this.number, type, args);
  }
}

/** What the other side answers as `error`. */
class Refusal extends Error {
  constructor([[category, code], reason]) {
    super(`[${category}, ${code}] ${reason}`);
    this.number = [category, code];
  }
}

/** A service, found through the locator; its methods by the names of its graph. */
class Service {
  static async find(locator, name, seed) {
    const session = new Session(locator);
    try {
      const [endpoints, version, graph] = await call(session, 0, seed === undefined ? [name] : [name, seed]);
      const [host, port] = endpoints[0];
      return new Service(new Session({ host: host.toString(), port }), version, graph);
    } finally {
      session.close();
    }
  }

  constructor(session, version, graph) {
    this.session = session;
    this.version = version;
    this.methods = new Map();
    for (const id of Object.keys(graph)) this.methods.set(graph[id][0].toString(), { id: Number(id), tx: graph[id][1], rx: graph[id][2] });
  }

  method(name) {
    const found = this.methods.get(name);
    if (!found) throw new Error(`no method ${name}`);
    return found;
  }

  /** A unary call: the arguments of its value. */
  call(name, ...args) {
    return call(this.session, this.method(name).id, args);
  }

  /** Says something that is never answered. */
  tell(name, ...args) {
    this.session.send(++this.session.last, this.method(name).id, args);
  }

  /** Any channel that goes on, by the names of its graph. */
  stream(name, ...args) {
    const { id, tx, rx } = this.method(name);
    return new Talk(this.session.open(id, args), tx, rx);
  }

  /** A stream both ways: sends the chunks, collects the answer's. */
  async exchange(name, args, chunks) {
    const { id, tx, rx } = this.method(name);
    const channel = this.session.open(id, args);
    for (const chunk of chunks) channel.send(type_of(tx, 'write'), [chunk]);
    channel.send(type_of(tx, 'close'), []);
    const out = [];
    for (;;) {
      const [type, got] = await channel.next();
      const word = rx[type][0].toString();
      if (word === 'error') throw new Refusal(got);
      if (word === 'close') return out;
      out.push(got[0]);
    }
  }

  close() {
    this.session.close();
  }
}

/** A channel whose messages have names, in the states that the graph declares for each side. */
class Talk {
  constructor(channel, tx, rx) {
    Object.assign(this, { channel, tx, rx });
  }

  say(word, ...args) {
    const type = type_of(this.tx, word);
    this.channel.send(type, args);
    this.tx = this.tx[type][1] || this.tx;
  }

  async hear() {
    const [type, args] = await this.channel.next();
    const [word, after] = this.rx[type];
    this.rx = after || this.rx;
    if (word.toString() === 'error') throw new Refusal(args);
    return [word.toString(), args];
  }

  async item() {
    const [word, args] = await this.hear();
    if (word !== 'write') throw new Error(`no item but ${word}`);
    return args;
  }

  /** All items to the proper end. */
  async all() {
    const out = [];
    for (;;) {
      const [word, args] = await this.hear();
      if (word === 'close') return out;
      out.push(args);
    }
  }
}

function type_of(tree, word) {
  return Number(Object.keys(tree).find(id => tree[id][0].toString() === word));
}

async function call(session, id, args) {
  const channel = session.open(id, args);
  const [type, answer] = await channel.next();
  session.channels.delete(channel.number);
  if (type !== 0) throw new Refusal(answer);
  return answer;
}

/** `--name value` pairs of the command line. */
function flags() {
  const out = {};
  for (let i = 2; i + 1 < process.argv.length; i += 2) out[process.argv[i].replace(/^--/, '')] = process.argv[i + 1];
  const [first] = (out.locator || '').split(',');
  const colon = first.lastIndexOf(':');
  out.where = { host: first.slice(0, colon).replace(/[[\]]/g, ''), port: Number(first.slice(colon + 1)) };
  return out;
}

module.exports = { Session, Service, Refusal, flags };

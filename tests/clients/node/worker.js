'use strict';
// An app worker from the description of the worker protocol: handshake, heartbeats, calls on channels that the node opens.
const { Session, Service, flags } = require('./wire');

const options = flags();
const HEARTBEAT_MS = 5000;
const session = new Session({ path: options.endpoint });
const calls = new Map();
let newest = 1;

const write = (channel, chunk) => session.send(channel, 0, [chunk]);
const close = channel => session.send(channel, 2, []);
const fail = (channel, code, reason) => session.send(channel, 1, [[42, code], reason]);

/** What is done with each chunk of a call, and with its end. */
const events = {
  echo: channel => ({ chunk: data => write(channel, data), end: () => close(channel) }),
  fail: channel => (fail(channel, 100, 'as asked'), null),
  length: channel => ({
    chunk: async key => {
      try {
        const storage = await Service.find(options.where, 'storage');
        const [blob] = await storage.call('read', 'collection', key);
        storage.close();
        write(channel, String(blob.length));
        close(channel);
      } catch (error) {
        fail(channel, 100, error.message);
      }
    },
    end: () => {},
  }),
};

session.unexpected = (channel, type, args) => {
  if (channel === 1) {
    if (type === 1) {
      session.send(1, 1, args);
      session.socket.end(() => process.exit(0));
    }
    return;
  }
  if (channel > newest) {
    newest = channel;
    const event = events[args[0].toString()];
    if (event) calls.set(channel, event(channel));
    else fail(channel, 200, `no event ${args[0]}`);
    return;
  }
  const call = calls.get(channel);
  if (type !== 0) calls.delete(channel);
  if (!call) return;
  if (type === 0) call.chunk(args[0]);
  else if (type === 2) call.end();
};
session.closed = () => process.exit(1);

session.send(1, 0, [options.uuid]);
session.send(1, 0, []);
setInterval(() => session.send(1, 0, []), HEARTBEAT_MS);

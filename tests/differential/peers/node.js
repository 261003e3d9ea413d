// SPDX-License-Identifier: Apache-2.0
// Reads as node's http module does (llhttp). See tests/differential/reading.h for what is
// printed. usage: node.js strict|lenient requests|responses FILE
'use strict';
const fs = require('fs');
const http = require('http');
const { Duplex } = require('stream');

const [, , rigour, mode, file] = process.argv;
const apart = new Set(['host', 'content-length', 'transfer-encoding', 'trailer',
  'connection']);
const hex = (text) => Buffer.from(text, 'latin1').toString('hex');

// Both directions of a connection: gives INPUT and its end, swallows what is said.
class Wire extends Duplex {
  constructor(input) {
    super();
    this.input = input;
  }
  _read() {
    if (this.input !== null && this.input.length > 0) this.push(this.input);
    if (this.input !== null) this.push(null);
    this.input = null;
  }
  _write(chunk, encoding, done) { done(); }
  setTimeout() { return this; }
  setNoDelay() { return this; }
  setKeepAlive() { return this; }
  ref() { return this; }
  unref() { return this; }
}

function fields(raw) {
  const lines = [];
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i].toLowerCase();
    if (!apart.has(name)) lines.push(`${hex(name)}3a20${hex(raw[i + 1])}0a`);
  }
  return lines.sort().join('');
}

function hostOf(raw) {
  const values = [];
  for (let i = 0; i < raw.length; i += 2)
    if (raw[i].toLowerCase() === 'host') values.push(hex(raw[i + 1]));
  return values.join('2c');
}

const lenient = rigour === 'lenient';
let current = null; // of the connection that is served
const server = http.createServer({ insecureHTTPParser: lenient }, (request, response) => {
  const reading = current;
  const body = [];
  request.on('data', (data) => body.push(data));
  request.on('end', () => {
    reading.messages.push([hex(request.method), hex(request.url),
      hostOf(request.rawHeaders), fields(request.rawHeaders),
      Buffer.concat(body).toString('hex')].join('|'));
    if (!response.shouldKeepAlive) reading.end = 'stop';
    response.end();
  });
});
server.httpAllowHalfOpen = true; // what ended in order is still read
server.keepAliveTimeout = 0;
server.requestTimeout = 0;
server.headersTimeout = 0;
server.on('clientError', (error, wire) => {
  // What ends in the middle is not malformed.
  current.end = error.code === 'HPE_INVALID_EOF_STATE' ? 'more' : 'bad';
});

// There is no I/O but ours: after so many turns all has happened.
async function settle() {
  for (let i = 0; i < 8; i++) await new Promise(setImmediate);
}

async function readRequests(input) {
  const wire = new Wire(input);
  const reading = { end: 'end', messages: [] };
  current = reading;
  server.emit('connection', wire);
  await settle();
  if (wire.destroyed && reading.end === 'end') reading.end = 'stop';
  wire.destroy();
  await settle();
  return reading;
}

async function readResponse(input, method) {
  const reading = { end: 'more', messages: [] };
  const wire = new Wire(input);
  const request = http.request({ method, host: 'h.test',
    insecureHTTPParser: lenient, createConnection: () => wire });
  request.on('error', (error) => {
    if (reading.messages.length === 0)
      reading.end = error.code === 'ECONNRESET' ? 'more' : 'bad';
  });
  request.on('upgrade', () => { reading.end = 'bad'; });
  request.on('response', (response) => {
    const body = [];
    response.on('data', (data) => body.push(data));
    response.on('error', () => {});
    response.on('end', () => {
      if (!response.complete) return;
      reading.end = 'stop';
      reading.messages.push([hex(String(response.statusCode)),
        hex(response.statusMessage), '', fields(response.rawHeaders),
        Buffer.concat(body).toString('hex')].join('|'));
    });
  });
  request.end();
  await settle();
  wire.destroy();
  await settle();
  return reading;
}

async function main() {
  const lines = fs.readFileSync(file, 'latin1').split('\n').filter((line) => line !== '');
  const out = [];
  for (const line of lines) {
    const words = line.split(' ');
    const input = Buffer.from(words[words.length - 1], 'hex');
    const reading = mode === 'requests' ? await readRequests(input)
      : await readResponse(input, words[0]);
    out.push([reading.end, ...reading.messages].join(' '));
  }
  process.stdout.write(out.join('\n') + '\n');
}

main();

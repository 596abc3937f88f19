// A SOAP destination of another stack: node `soap`, from the WSDL the engine offers to hospitals.
// usage: node server.js WSDL PORT LEDGER
// Prints the port it listens on. Appends one JSON line to LEDGER for each call, before it answers.
'use strict';

const fs = require('fs');
const http = require('http');
const zlib = require('zlib');
const crypto = require('crypto');
const soap = require('soap');

const [wsdl, port, ledger] = process.argv.slice(2);

function receive(call) {
  const xml = zlib.gunzipSync(Buffer.from(call.payload, 'base64'));
  const digest = crypto.createHash('sha256').update(xml).digest('hex');
  const row = { messageId: call.messageId, documentId: call.documentId, whole: digest === call.digest };
  fs.appendFileSync(ledger, JSON.stringify(row) + '\n');
  const number = fs.readFileSync(ledger, 'utf8').trim().split('\n').length;
  return { ReceiveResult: { messageId: call.messageId, code: '0', message: '收妥', number: String(number) } };
}

const service = { DocumentReceiver: { DocumentReceiver: { Receive: receive } } };
const server = http.createServer((request, response) => {
  response.statusCode = 404;
  response.end();
});
server.listen(Number(port), '127.0.0.1', () => {
  soap.listen(server, '/DocumentReceiver', service, fs.readFileSync(wsdl, 'utf8'), () => {
    console.log(server.address().port);
  });
});

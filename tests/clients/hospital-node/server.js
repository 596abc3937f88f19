// A hospital of another stack: node `soap`, written from HospitalService.wsdl and the Jilin text, with no code of the engine.
// usage: HOSPITAL_SIGN_KEY=... HOSPITAL_ENCRYPTION_KEY=... node server.js WSDL PORT HOS_ID USER_ID
// Prints the port it listens on. Profile MD5: AES-128-ECB, MD5 over the sorted nodes with the key last.
'use strict';

const crypto = require('crypto');
const fs = require('fs');
const http = require('http');
const soap = require('soap');

const [wsdl, port, hospital, user] = process.argv.slice(2);
const signKey = process.env.HOSPITAL_SIGN_KEY;
const encryptionKey = Buffer.from(process.env.HOSPITAL_ENCRYPTION_KEY);
const orders = new Map();
const patients = new Map();
const SEATS = 3;

function text(xml, name) {
  const found = new RegExp(`<${name}>(?:<!\\[CDATA\\[([\\s\\S]*?)\\]\\]>|([^<]*))</${name}>`).exec(xml);
  return found ? (found[1] !== undefined ? found[1] : found[2]) : '';
}

function sign(fields) {
  const joined = Object.keys(fields).sort().map((name) => `${name}=${fields[name]}`).join('&');
  return crypto.createHash('md5').update(`${joined}&KEY=${signKey}`, 'utf8').digest('hex').toUpperCase();
}

function encrypt(plain) {
  const machine = crypto.createCipheriv('aes-128-ecb', encryptionKey, null);
  return Buffer.concat([machine.update(plain, 'utf8'), machine.final()]).toString('base64');
}

function decrypt(sealed) {
  const machine = crypto.createDecipheriv('aes-128-ecb', encryptionKey, null);
  return Buffer.concat([machine.update(sealed, 'base64'), machine.final()]).toString('utf8');
}

function node(name, value) {
  return `<${name}><![CDATA[${value}]]></${name}>`;
}

function reply(code, message, inner) {
  const fields = { RES_ENCRYPTED: encrypt(inner === null ? '' : `<RES>${inner}</RES>`), RETURN_CODE: code, RETURN_MSG: message };
  const signed = { ...fields, SIGN_TYPE: 'MD5', SIGN: sign(fields) };
  const nodes = ['RETURN_CODE', 'RETURN_MSG', 'SIGN_TYPE', 'SIGN', 'RES_ENCRYPTED'].map((name) => node(name, signed[name]));
  return `<?xml version="1.0" encoding="utf-8"?><ROOT>${nodes.join('')}</ROOT>`;
}

function taken() {
  return [...orders.values()].filter((order) => order.state !== '4').length;
}

const answers = {
  1001: () => node('SYSDATE', new Date().toISOString().slice(0, 19).replace('T', ' ')),
  1002: (asked) => {
    const card = text(asked, 'HEALTH_CARD_ID');
    if (!patients.has(card)) patients.set(card, `N${patients.size + 1}`);
    return node('HOSP_PATIENT_ID', patients.get(card));
  },
  2007: (asked) => {
    const number = text(asked, 'ORDER_ID');
    if (orders.has(number)) throw ['200708', '平台订单号已存在'];
    if (taken() >= SEATS) throw ['200709', '号源已满'];
    orders.set(number, { state: '2', patient: text(asked, 'HOSP_PATIENT_ID') });
    return node('HOSP_ORDER_ID', `NODE-${orders.size}`) + node('HOSP_PATIENT_ID', text(asked, 'HOSP_PATIENT_ID')) + node('IS_CONCESSIONS', '0');
  },
  2009: (asked) => {
    const order = orders.get(text(asked, 'ORDER_ID'));
    if (!order) throw ['200901', '预约订单不存在'];
    order.state = '4';
    return null;
  },
  2012: (asked) => {
    const number = text(asked, 'ORDER_ID');
    if (!orders.has(number)) throw ['201201', '没有预约订单'];
    const line = node('ORDER_ID', number) + node('ORDER_STATUS', orders.get(number).state);
    return `${node('COUNT', '1')}<ORDER_LIST>${line}</ORDER_LIST>`;
  },
};

function healthCardService(call) {
  const xml = call.xml;
  const fields = { FUN_CODE: text(xml, 'FUN_CODE'), REQ_ENCRYPTED: text(xml, 'REQ_ENCRYPTED'), USER_ID: text(xml, 'USER_ID') };
  let answer;
  if (fields.USER_ID !== user) answer = reply('4', '调用方不存在', null);
  else if (sign(fields) !== text(xml, 'SIGN').toUpperCase()) answer = reply('7', '签名不正确', null);
  else if (!answers[fields.FUN_CODE]) answer = reply('5', '没有这个功能代码', null);
  else {
    const asked = decrypt(fields.REQ_ENCRYPTED);
    try {
      answer = text(asked, 'HOS_ID') === hospital ? reply('0', '成功', answers[fields.FUN_CODE](asked)) : reply('1', 'HOS_ID 不正确', null);
    } catch (refusal) {
      if (!Array.isArray(refusal)) throw refusal;
      answer = reply(refusal[0], refusal[1], null);
    }
  }
  return { HealthCardServiceResult: answer };
}

const service = { HospitalService: { HospitalService: { HealthCardService: healthCardService } } };
const server = http.createServer((request, response) => {
  response.statusCode = 404;
  response.end();
});
server.listen(Number(port), '127.0.0.1', () => {
  soap.listen(server, '/HospitalService', service, fs.readFileSync(wsdl, 'utf8'), () => {
    console.log(server.address().port);
  });
});

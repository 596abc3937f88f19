// node 的 soap 包：上传一份文档，查回执，再上传一份有错的文档并显示错在哪里。
// 退出码：0 第一份已接收；1 第一份被拒收；2 SOAP Fault 或网络故障。
const fs = require('fs');
const zlib = require('zlib');
const soap = require('soap');

// 先 GZIP 再 Base64；不要用 deflateSync（那是 zlib，SND-208）。
function pack(xml) {
  return zlib.gzipSync(xml).toString('base64');
}

async function send(client, documentId, file) {
  const payload = pack(fs.readFileSync(file));
  const [answer] = await client.UploadAsync({ documentType: 'C0002', documentId, payload });
  const result = answer.UploadResult;
  console.log(result.status, result.code, result.message);
  for (const issue of [].concat((result.issues && result.issues.issue) || [])) {
    console.log(`  ${issue.severity} ${issue.code} ${issue.message}`);
    console.log(`    ${issue.path} line ${issue.line}`);
    console.log(`    ${issue.hint}`);
  }
  return result;
}

async function main() {
  const [address, institution, password, documentId, goodFile, wrongFile] = process.argv.slice(2);
  const client = await soap.createClientAsync(`${address}?wsdl`);
  client.setEndpoint(address);
  client.setSecurity(new soap.WSSecurity(institution, password, { hasTimeStamp: false, hasTokenCreated: false }));
  const good = await send(client, documentId, goodFile);
  const [receipt] = await client.QueryReceiptAsync({ receipt: good.receipt });
  console.log('receipt', receipt.QueryReceiptResult.receipt, receipt.QueryReceiptResult.state);
  await send(client, `${documentId}-WRONG`, wrongFile);
  return good.status === 'rejected' ? 1 : 0;
}

main().then(
  (code) => process.exit(code),
  (error) => {
    const fault = error.root && error.root.Envelope && error.root.Envelope.Body.Fault;
    console.error('fault', fault ? fault.faultstring : error.message);
    process.exit(2);
  },
);

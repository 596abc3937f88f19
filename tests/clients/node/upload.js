// Upload one packed document with the soap package and a WS-Security token, then ask for its receipt; prints JSON.
const fs = require('fs');
const soap = require('soap');

async function main() {
  const [wsdl, user, password, type, id, file] = process.argv.slice(2);
  const client = await soap.createClientAsync(wsdl);
  client.setSecurity(new soap.WSSecurity(user, password, { hasTimeStamp: false, hasTokenCreated: false }));
  try {
    const [answer] = await client.UploadAsync({ documentType: type, documentId: id, payload: fs.readFileSync(file, 'utf8') });
    const [receipt] = await client.QueryReceiptAsync({ receipt: answer.UploadResult.receipt });
    console.log(JSON.stringify({ upload: answer.UploadResult, receipt: receipt.QueryReceiptResult }));
  } catch (error) {
    const fault = error.root && error.root.Envelope && error.root.Envelope.Body.Fault;
    if (!fault) throw error;
    console.log(JSON.stringify({ fault: { code: fault.faultcode, message: fault.faultstring, detail: fault.detail } }));
  }
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});

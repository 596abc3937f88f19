// Send one message to HIPMessageServer with the soap package and HTTP Basic; prints JSON.
const fs = require('fs');
const soap = require('soap');

async function main() {
  const [wsdl, user, password, action, file] = process.argv.slice(2);
  const client = await soap.createClientAsync(wsdl, { forceSoap12Headers: wsdl.endsWith('12') });
  client.setSecurity(new soap.BasicAuthSecurity(user, password));
  const [answer] = await client.HIPMessageServerAsync({ action, message: fs.readFileSync(file, 'utf8') });
  console.log(JSON.stringify({ reply: answer.HIPMessageServerResult }));
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});

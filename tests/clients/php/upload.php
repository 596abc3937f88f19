<?php
// Upload one packed document with ext-soap and a WS-Security token, then ask for its receipt; prints JSON.
[$_, $wsdl, $user, $password, $type, $id, $file] = $argv;
$wsse = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd';
$token = new SoapVar(
    "<wsse:Security xmlns:wsse=\"$wsse\"><wsse:UsernameToken><wsse:Username>" . htmlspecialchars($user) .
    '</wsse:Username><wsse:Password>' . htmlspecialchars($password) . '</wsse:Password></wsse:UsernameToken></wsse:Security>',
    XSD_ANYXML
);
$client = new SoapClient($wsdl, ['cache_wsdl' => WSDL_CACHE_NONE, 'exceptions' => true, 'features' => SOAP_SINGLE_ELEMENT_ARRAYS]);
$client->__setSoapHeaders(new SoapHeader($wsse, 'Security', $token, false));
try {
    $upload = $client->Upload(['documentType' => $type, 'documentId' => $id, 'payload' => file_get_contents($file)])->UploadResult;
    $receipt = $client->QueryReceipt(['receipt' => $upload->receipt])->QueryReceiptResult;
    echo json_encode(['upload' => $upload, 'receipt' => $receipt], JSON_UNESCAPED_UNICODE);
} catch (SoapFault $fault) {
    echo json_encode(['fault' => ['code' => $fault->faultcode, 'message' => $fault->faultstring, 'detail' => $fault->detail ?? null]], JSON_UNESCAPED_UNICODE);
}

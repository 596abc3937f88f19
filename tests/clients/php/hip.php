<?php
// Send one message to HIPMessageServer, or to an operation of a regional register, with ext-soap and HTTP Basic; prints JSON.
[$_, $wsdl, $address, $user, $password, $operation, $action, $file] = $argv;
$version = str_ends_with($wsdl, '12') ? SOAP_1_2 : SOAP_1_1;
$client = new SoapClient($wsdl, [
    'cache_wsdl' => WSDL_CACHE_NONE, 'exceptions' => true, 'soap_version' => $version,
    'location' => $address, 'login' => $user, 'password' => $password,
]);
$given = ['message' => file_get_contents($file)];
if ($action !== '') {
    $given['action'] = $action;
}
try {
    echo json_encode(['reply' => $client->__soapCall($operation, [$given])->{$operation . 'Result'}], JSON_UNESCAPED_UNICODE);
} catch (SoapFault $fault) {
    echo json_encode(['fault' => $fault->faultstring], JSON_UNESCAPED_UNICODE);
}

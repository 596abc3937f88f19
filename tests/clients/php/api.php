<?php
// Call ApiService with ext-soap as a hospital does by the Jilin text alone: AES-128-ECB, Base64, MD5; prints JSON.
[$_, $wsdl, $operation, $function, $user, $signKey, $encryptionKey, $file] = $argv;

function sign(array $fields, string $key): string
{
    ksort($fields);
    $pairs = array_map(fn($name) => "$name=$fields[$name]", array_keys($fields));
    return strtoupper(md5(implode('&', $pairs) . "&KEY=$key"));
}

// The values of a message by node name; ext-soap is there without SimpleXML more often than one thinks.
function nodes(string $xml): array
{
    preg_match_all('~<(\w+)><!\[CDATA\[(.*?)\]\]></\1>~s', $xml, $found);
    return array_combine($found[1], $found[2]);
}

$sealed = openssl_encrypt(file_get_contents($file), 'aes-128-ecb', $encryptionKey);
$fields = ['FUN_CODE' => $function, 'USER_ID' => $user, 'REQ_ENCRYPTED' => $sealed];
$sign = sign($fields, $signKey);
$root = "<?xml version=\"1.0\" encoding=\"utf-8\"?><ROOT><FUN_CODE><![CDATA[$function]]></FUN_CODE><USER_ID><![CDATA[$user]]></USER_ID>"
    . "<SIGN_TYPE><![CDATA[MD5]]></SIGN_TYPE><SIGN><![CDATA[$sign]]></SIGN><REQ_ENCRYPTED><![CDATA[$sealed]]></REQ_ENCRYPTED></ROOT>";

$version = str_ends_with($wsdl, '12') ? SOAP_1_2 : SOAP_1_1;
$client = new SoapClient($wsdl, ['cache_wsdl' => WSDL_CACHE_NONE, 'exceptions' => true, 'soap_version' => $version]);
$reply = nodes($client->__soapCall($operation, [['xml' => $root]])->{$operation . 'Result'});
$said = array_intersect_key($reply, ['RETURN_CODE' => 1, 'RETURN_MSG' => 1, 'RES_ENCRYPTED' => 1]);
echo json_encode([
    'code' => $reply['RETURN_CODE'],
    'message' => $reply['RETURN_MSG'],
    'signed' => hash_equals(sign($said, $signKey), strtoupper($reply['SIGN'])),
    'res' => nodes((string) openssl_decrypt($reply['RES_ENCRYPTED'], 'aes-128-ecb', $encryptionKey)),
], JSON_UNESCAPED_UNICODE);

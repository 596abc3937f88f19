<?php
// A hospital written from HospitalService.wsdl alone, by PHP's own SoapServer and OpenSSL: it shares no line with the engine.
// Run by `php -S`; the WSDL, the keys and the profile come from the environment.

declare(strict_types=1);

const REPLIES = [
    '1001' => '<RES><SYSDATE><![CDATA[2026-11-20 09:30:00]]></SYSDATE></RES>',
    '2001' => '<RES><HOS_ID>22010001</HOS_ID><DEPT_LIST><DEPT_ID>D1</DEPT_ID><DEPT_NAME><![CDATA[内科 <门诊> & 急诊]]></DEPT_NAME><PARENT_ID>-1</PARENT_ID><STATUS>1</STATUS></DEPT_LIST>'
        . '<DEPT_LIST><DEPT_ID>D2</DEPT_ID><DEPT_NAME>儿科</DEPT_NAME><PARENT_ID>-1</PARENT_ID><STATUS>1</STATUS></DEPT_LIST></RES>',
    '2009' => '',
];

function sm3_hmac(string $key, string $text): string
{
    $key = str_pad(strlen($key) > 64 ? openssl_digest($key, 'sm3', true) : $key, 64, "\0");
    $inner = openssl_digest(($key ^ str_repeat("\x36", 64)) . $text, 'sm3', true);
    return openssl_digest(($key ^ str_repeat("\x5c", 64)) . $inner, 'sm3');
}

function sign(array $fields): string
{
    unset($fields['SIGN'], $fields['SIGN_TYPE']);
    ksort($fields);
    $line = implode('&', array_map(fn($name, $value) => "$name=$value", array_keys($fields), $fields));
    $key = getenv('HOSPITAL_SIGN_KEY');
    return getenv('HOSPITAL_PROFILE') === 'SM3' ? sm3_hmac($key, $line) : md5("$line&KEY=$key");
}

// PHP's OpenSSL offers no SM4 in GCM, so GCM is built here from its ECB (NIST SP 800-38D).
function block(string $text): string
{
    return openssl_encrypt($text, 'sm4-ecb', hex2bin(getenv('HOSPITAL_KEY')), OPENSSL_RAW_DATA | OPENSSL_ZERO_PADDING);
}

function times(string $x, string $y): string
{
    $z = str_repeat("\0", 16);
    for ($i = 0; $i < 128; $i++) {
        if ((ord($x[$i >> 3]) >> (7 - ($i & 7))) & 1) {
            $z ^= $y;
        }
        $odd = ord($y[15]) & 1;
        $carry = 0;
        for ($at = 0; $at < 16; $at++) {
            $byte = ord($y[$at]);
            $y[$at] = chr(($byte >> 1) | ($carry << 7));
            $carry = $byte & 1;
        }
        if ($odd) {
            $y[0] = chr(ord($y[0]) ^ 0xe1);
        }
    }
    return $z;
}

function gcm(string $nonce, string $in, bool $decrypting): array
{
    $out = '';
    for ($at = 0, $counter = 2; $at < strlen($in); $at += 16, $counter++) {
        $part = substr($in, $at, 16);
        $out .= $part ^ substr(block($nonce . pack('N', $counter)), 0, strlen($part));
    }
    $sealed = $decrypting ? $in : $out;
    $hash = str_repeat("\0", 16);
    $lengths = pack('J', 0) . pack('J', strlen($sealed) * 8);
    foreach ([...($sealed === '' ? [] : str_split($sealed, 16)), $lengths] as $part) {
        $hash = times($hash ^ str_pad($part, 16, "\0"), block(str_repeat("\0", 16)));
    }
    return [$out, $hash ^ block($nonce . pack('N', 1))];
}

function decrypt(string $text): string
{
    $sealed = base64_decode($text, true);
    if (getenv('HOSPITAL_PROFILE') === 'MD5') {
        return openssl_decrypt($sealed, 'aes-128-ecb', getenv('HOSPITAL_KEY'), OPENSSL_RAW_DATA);
    }
    [$plain, $tag] = gcm(substr($sealed, 0, 12), substr($sealed, 12, -16), true);
    return hash_equals($tag, substr($sealed, -16)) ? $plain : throw new RuntimeException('the tag does not fit');
}

function encrypt(string $text): string
{
    if (getenv('HOSPITAL_PROFILE') === 'MD5') {
        return base64_encode(openssl_encrypt($text, 'aes-128-ecb', getenv('HOSPITAL_KEY'), OPENSSL_RAW_DATA));
    }
    $nonce = random_bytes(12);
    [$sealed, $tag] = gcm($nonce, $text, false);
    return base64_encode($nonce . $sealed . $tag);
}

// PHP's XML extensions may be missing where its SOAP is not, so nodes that hold only text are read by a pattern.
function nodes(string $xml): array
{
    preg_match_all('~<([A-Z_]+)>((?:<!\[CDATA\[.*?\]\]>|[^<])*)</\1>~s', $xml, $found);
    $text = fn($value) => preg_replace_callback(
        '~<!\[CDATA\[(.*?)\]\]>|&(lt|gt|amp|quot|apos);~s',
        fn($part) => isset($part[2]) ? html_entity_decode($part[0], ENT_QUOTES | ENT_XML1) : $part[1],
        $value
    );
    return array_combine($found[1], array_map($text, $found[2]));
}

function answer(array $fields): array
{
    if (!hash_equals(sign($fields), strtolower($fields['SIGN']))) {
        return ['7', '签名不正确', ''];
    }
    $request = nodes(decrypt($fields['REQ_ENCRYPTED']));
    if ($request['HOS_ID'] !== '22010001') {
        return ['1', '医院编号不正确', ''];
    }
    if ($fields['FUN_CODE'] === '1003') {  // says back what it read, so that the caller sees which code arrived
        return ['100301', '收到的性别代码是 ' . $request['SEX'], ''];
    }
    return isset(REPLIES[$fields['FUN_CODE']]) ? ['0', '成功', REPLIES[$fields['FUN_CODE']]] : ['5', '没有这个功能', ''];
}

class Hospital
{
    public function HealthCardService(object $call): array
    {
        $root = nodes($call->xml);
        [$code, $message, $body] = answer($root);
        $fields = ['RETURN_CODE' => $code, 'RETURN_MSG' => $message, 'RES_ENCRYPTED' => encrypt($body)];
        if (getenv('HOSPITAL_PROFILE') === 'SM3') {
            $fields += ['TIMESTAMP' => gmdate('Y-m-d H:i:s', time() + 28800), 'NONCE' => $root['NONCE']];
        }
        $fields += ['SIGN' => sign($fields), 'SIGN_TYPE' => getenv('HOSPITAL_PROFILE')];
        $nodes = array_map(fn($name, $value) => "<$name><![CDATA[$value]]></$name>", array_keys($fields), $fields);
        return ['HealthCardServiceResult' => '<?xml version="1.0" encoding="UTF-8"?><ROOT>' . implode('', $nodes) . '</ROOT>'];
    }
}

$wsdl = getenv('HOSPITAL_WSDL');
if ($_SERVER['REQUEST_METHOD'] === 'GET') {
    header('Content-Type: text/xml; charset=utf-8');
    readfile($wsdl);
    return;
}
$server = new SoapServer($wsdl, ['cache_wsdl' => WSDL_CACHE_NONE]);
$server->setClass(Hospital::class);
$server->handle();

<?php
// A shop without the worker: the four calls of the HitPoints API in plain PHP (8.1 or later, with the curl extension).
//
//     hp-sandbox &
//     php examples/shop.php [base URL] [app id] [app secret]

[$base, $appId, $secret] = array_slice($argv, 1) + ['http://127.0.0.1:8700', 'demo', 'demo-secret'];

/** The text that is signed: values in the order of their keys; the elements of a list in the order of their texts. */
function flat(mixed $value): string
{
    if (!is_array($value)) {
        return (string) $value;
    }
    if (array_is_list($value)) {
        $texts = array_map('flat', $value);
        sort($texts);
    } else {
        ksort($value);
        $texts = array_map('flat', $value);
    }
    return implode('', $texts);
}

function sign(array $value, string $date, string $secret): string
{
    return base64_encode(hash_hmac('sha256', flat($value) . $date, $secret, true));
}

/** Sends one call; returns its data, or throws with the vendor's code. Data that is not rightly signed is refused. */
function call(string $method, string $path, array $params): array
{
    global $base, $appId, $secret;
    $params['random_key'] = bin2hex(random_bytes(8));
    $date = gmdate('D, d M Y H:i:s') . ' GMT';
    $headers = [];
    $query = http_build_query($params);
    $curl = curl_init($base . $path . ($method === 'GET' ? "?$query" : ''));
    curl_setopt_array($curl, [
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_TIMEOUT => 30,
        CURLOPT_HTTPHEADER => [
            "APPID: $appId",
            "Date-GMT: $date",
            'Sign: ' . sign($params, $date, $secret),
            'Content-Type: application/x-www-form-urlencoded',
        ],
        CURLOPT_HEADERFUNCTION => function ($curl, $line) use (&$headers) {
            [$name, $value] = explode(':', $line, 2) + [1 => ''];
            $headers[strtolower($name)] = trim($value);
            return strlen($line);
        },
    ]);
    if ($method === 'POST') {
        curl_setopt($curl, CURLOPT_POSTFIELDS, $query);
    }
    $body = curl_exec($curl);
    if ($body === false) {
        throw new RuntimeException('no answer, so nobody knows: query before trying again. ' . curl_error($curl));
    }
    $answer = json_decode($body, true, 512, JSON_THROW_ON_ERROR);
    if ($answer['code'] !== 200) {
        throw new RuntimeException($answer['message'], $answer['code']);
    }
    $expected = sign($answer['data'], $headers['date-gmt'] ?? '', $secret);
    if (!hash_equals($expected, $headers['sign'] ?? '')) {
        throw new RuntimeException('the answer is not rightly signed');
    }
    return $answer['data'];
}

foreach (call('GET', '/v1/items', ['currency' => 'USD']) as $group => $products) {
    foreach ($products as $product) {
        echo "$group: {$product['product_id']} {$product['product_name']} {$product['par_value']} {$product['currency']}\n";
    }
}

$id = 'shop-' . bin2hex(random_bytes(4));
$order = call('POST', '/v1/pin/fetch', ['out_trade_id' => $id, 'product_id' => 31, 'quantity' => 3]);
echo "$id: order {$order['order_id']}, {$order['total_price']} {$order['currency']}\n";

$again = call('GET', '/v1/order/query', ['out_trade_id' => $id]);
echo 'the query shows ', $again === $order ? 'the same' : 'SOMETHING ELSE', "\n";

foreach ($order['order_pins'] as $row) {
    $card = call('GET', '/v1/pin/query', ['pin_sn' => $row['pin_sn']]);
    echo "card {$card['pin_sn']}: {$card['amount']} {$card['currency']}, {$card['status']}\n";
}

try {
    call('POST', '/v1/pin/fetch', ['out_trade_id' => $id, 'product_id' => 31, 'quantity' => 3]);
} catch (RuntimeException $refused) {
    echo "the same id again: {$refused->getCode()} {$refused->getMessage()}\n";
}

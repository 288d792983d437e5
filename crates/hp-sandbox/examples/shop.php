<?php
// Makes the four calls of the HitPoints reseller API in plain PHP, without the worker.
// Needs PHP 8.1 or later with the curl extension.
//
//     hp-sandbox &
//     php examples/shop.php [base URL] [app id] [app secret]

[$base, $appId, $secret] = array_slice($argv, 1) + ['http://127.0.0.1:8700', 'demo', 'demo-secret'];

/** Returns the text to sign: the values of an object sorted by key, the elements of a list sorted by their text. */
function flatten(mixed $value): string
{
    if (!is_array($value)) {
        return (string) $value;
    }
    if (array_is_list($value)) {
        $texts = array_map('flatten', $value);
        sort($texts);
    } else {
        ksort($value);
        $texts = array_map('flatten', $value);
    }
    return implode('', $texts);
}

function sign(array $value, string $date, string $secret): string
{
    return base64_encode(hash_hmac('sha256', flatten($value) . $date, $secret, true));
}

/** Sends one call and returns its data. Throws on a vendor error (with its code) and on a wrong signature. */
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
        $why = curl_error($curl);
        throw new RuntimeException("no answer ($why). The order may be charged: query it before you send it again.");
    }
    $answer = json_decode($body, true, 512, JSON_THROW_ON_ERROR);
    if ($answer['code'] !== 200) {
        throw new RuntimeException($answer['message'], $answer['code']);
    }
    $expected = sign($answer['data'], $headers['date-gmt'] ?? '', $secret);
    if (!hash_equals($expected, $headers['sign'] ?? '')) {
        throw new RuntimeException('the signature of the answer is wrong');
    }
    return $answer['data'];
}

foreach (call('GET', '/v1/items', ['currency' => 'USD']) as $group => $products) {
    foreach ($products as $product) {
        echo "product {$product['product_id']} ($group): {$product['product_name']} {$product['par_value']} {$product['currency']}\n";
    }
}

$id = 'shop-' . bin2hex(random_bytes(4));
$order = call('POST', '/v1/pin/fetch', ['out_trade_id' => $id, 'product_id' => 31, 'quantity' => 3]);
echo "fetch $id: order {$order['order_id']}, {$order['total_price']} {$order['currency']}\n";

$record = call('GET', '/v1/order/query', ['out_trade_id' => $id]);
echo "query $id: ", $record === $order ? 'same as the fetch' : 'DIFFERENT FROM THE FETCH', "\n";

foreach ($order['order_pins'] as $row) {
    $card = call('GET', '/v1/pin/query', ['pin_sn' => $row['pin_sn']]);
    echo "card {$card['pin_sn']}: {$card['amount']} {$card['currency']}, {$card['status']}\n";
}

try {
    call('POST', '/v1/pin/fetch', ['out_trade_id' => $id, 'product_id' => 31, 'quantity' => 3]);
} catch (RuntimeException $error) {
    echo "second fetch $id: error {$error->getCode()}, {$error->getMessage()}\n";
}

<?php
// Opens the cards of a sealed result. Needs PHP's extension sodium, which comes with PHP.
//
//   php open.php NAME PRIVATE_KEY_FILE < PINS
//
// NAME is the name of the key in results.seal_to, PINS the field `pins` of the result. Prints the cards as JSON.

[, $name, $file] = $argv;
$copies = json_decode(stream_get_contents(STDIN), true, 512, JSON_THROW_ON_ERROR);
if (!isset($copies[$name])) {
    fwrite(STDERR, "These cards are not sealed to the key $name.\n");
    exit(1);
}
$private = base64_decode(trim(file_get_contents($file)), true);
$public = sodium_crypto_box_publickey_from_secretkey($private);
$pair = sodium_crypto_box_keypair_from_secretkey_and_publickey($private, $public);
$cards = sodium_crypto_box_seal_open(base64_decode($copies[$name], true), $pair);
if ($cards === false) {
    fwrite(STDERR, "The private key in $file does not open these cards.\n");
    exit(1);
}
echo $cards;

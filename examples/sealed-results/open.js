// Opens the cards of a sealed result. Needs libsodium-wrappers: npm install libsodium-wrappers
//
//   node open.js NAME PRIVATE_KEY_FILE < PINS
//
// NAME is the name of the key in results.seal_to, PINS the field `pins` of the result. Prints the cards as JSON.

const fs = require('node:fs');
const sodium = require('libsodium-wrappers');

function fail(message) {
  console.error(message);
  process.exit(1);
}

sodium.ready.then(() => {
  const [name, file] = process.argv.slice(2);
  const copies = JSON.parse(fs.readFileSync(0, 'utf8'));
  if (!Object.hasOwn(copies, name)) fail(`These cards are not sealed to the key ${name}.`);
  const secret = sodium.from_base64(fs.readFileSync(file, 'utf8').trim(), sodium.base64_variants.ORIGINAL);
  const own = sodium.crypto_scalarmult_base(secret);
  const sealed = sodium.from_base64(copies[name], sodium.base64_variants.ORIGINAL);
  let cards;
  try {
    cards = sodium.crypto_box_seal_open(sealed, own, secret);
  } catch {
    fail(`The private key in ${file} does not open these cards.`);
  }
  process.stdout.write(cards);
});

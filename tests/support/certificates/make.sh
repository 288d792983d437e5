#!/bin/sh
# Makes the certificates of this folder again. They are valid for a hundred years, so this is rarely needed. Needs openssl.
# Their keys are for tests only and protect nothing.
set -eu
cd "$(dirname "$0")"
century=36500

# authority NAME: an authority that signs itself.
authority() {
    new_key "$1"
    openssl req -x509 -new -key "$1.key" -out "$1.crt" -days "$century" -subj "/CN=test $1" \
        -addext 'basicConstraints=critical,CA:TRUE' -addext 'keyUsage=critical,keyCertSign,cRLSign'
}

# issue NAME AUTHORITY DAYS [HOSTS]: a certificate for clients and for servers, on this machine unless it names others.
issue() {
    name=$1 authority=$2 days=$3 hosts=${4:-DNS:localhost,IP:127.0.0.1}
    new_key "$name"
    openssl req -new -key "$name.key" -subj "/CN=test $name" -out "$name.csr" \
        -addext "subjectAltName=$hosts" -addext 'extendedKeyUsage=serverAuth,clientAuth'
    openssl x509 -req -in "$name.csr" -CA "$authority.crt" -CAkey "$authority.key" -out "$name.crt" \
        -copy_extensions copyall -days "$days"
    rm "$name.csr"
}

new_key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key"; }

authority ca
authority other-ca
issue server ca "$century"
issue client ca "$century"
issue elsewhere ca "$century" DNS:elsewhere.example
issue stranger other-ca "$century"
# Valid for a moment.
issue expired ca 0
rm other-ca.key ca.key
